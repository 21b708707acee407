"""``history.where`` against the evaluator of conditions, row by row, on small random tables."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alert_analytics.alerts.conditions import And, Compare, Expression, In, IsNull, Literal, Name, Not, Or, evaluate
from alert_analytics.errors import ConditionError
from alert_analytics.history import AlertHistory

DAY = datetime(2026, 3, 1)
WORDS = st.sampled_from(["", "a", "it's", 'say "x"', "\x00", "ü😀", "a\\", "$x", "--", "'; DROP TABLE alerts"])
NUMBERS = st.sampled_from([-1, 0, 1, 2, 0.5, -0.0, 1e300, 10**17])
SEVERITIES = st.sampled_from(["info", "low", "medium", "high", "critical"])
TIMES = st.integers(-1, 2).map(lambda hours: DAY + timedelta(hours=hours))
OPERATORS = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])


def comparing(
    names: list[str], values: st.SearchStrategy[Any], names_compare: bool = True
) -> st.SearchStrategy[Expression]:
    name, literal = st.sampled_from(names).map(Name), st.builds(Literal, values)
    sides = st.tuples(name, name | literal) if names_compare else st.tuples(name, literal)
    return (
        st.builds(lambda op, both: Compare(op, *both), OPERATORS, sides)
        | st.builds(lambda op, both: Compare(op, *reversed(both)), OPERATORS, sides)
        | st.builds(In, name, st.lists(literal, min_size=1, max_size=3).map(tuple), st.booleans())
        | st.builds(IsNull, name, st.booleans())
    )


def trees(tests: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    def above(below: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
        several = st.lists(below, min_size=2, max_size=3).map(tuple)
        return st.builds(Not, below) | st.builds(And, several) | st.builds(Or, several)

    return st.recursive(tests, above, max_leaves=6)


TREES = trees(
    comparing(["service", "team", "CI Name"], WORDS)
    | comparing(["value", "size", "occurrences"], NUMBERS)
    | comparing(["flag"], st.booleans())
    | comparing(["severity"], SEVERITIES)
    | comparing(["fired_at", "resolved_at"], TIMES.map(str), names_compare=False)
    | comparing(["fired_at"], st.just("2026-03-01T01:00+01:00"), names_compare=False)
)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "fired_at": TIMES,
            "resolved_at": st.none() | TIMES.map(lambda time: time + timedelta(hours=9)),
            "service": st.none() | WORDS,
            "team": st.none() | WORDS,
            "severity": st.none() | SEVERITIES,
            "value": st.none() | NUMBERS.map(float),
            "size": st.none() | st.sampled_from([0, 1, 2]),
            "occurrences": st.sampled_from([1, 2]),
            "flag": st.none() | st.booleans(),
            "CI Name": st.none() | WORDS,
        }
    ),
    min_size=4,
    max_size=8,
)
SCHEMA = {
    "fired_at": pl.Datetime("us"), "resolved_at": pl.Datetime("us"), "service": pl.String, "team": pl.String,
    "severity": pl.String, "value": pl.Float64, "size": pl.Int64, "occurrences": pl.Int64, "flag": pl.Boolean,
    "row": pl.Int64, "labels": pl.Struct({"CI Name": pl.String}),
}  # fmt: skip


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@given(ROWS, st.lists(TREES, min_size=6, max_size=6))
def test_where_keeps_what_the_evaluator_keeps(rows: list[dict[str, Any]], conditions: list[Expression]) -> None:
    # One row carries the label, so that the history knows it.
    rows = [*rows, {**rows[0], "CI Name": "a"}]
    table = [{**row, "row": number, "labels": {"CI Name": row["CI Name"]}} for number, row in enumerate(rows)]
    history = AlertHistory.open(pl.DataFrame([{key: row[key] for key in SCHEMA} for row in table], schema=SCHEMA))
    for condition in conditions:
        kept = sorted(history.where(str(condition)).to_arrow()["row"].to_pylist())
        assert kept == [number for number, row in enumerate(rows) if evaluate(condition, row) is True], str(condition)


HISTORY = AlertHistory.open(
    pl.DataFrame(
        {
            "fired_at": [DAY, DAY, DAY],
            "resolved_at": [DAY, None, None],
            "service": ["5", "x", None],
            "severity": ["high", "critical", None],
            "row": [0, 1, 2],
            "labels": [{"size": "1e2", "ok": "TRUE"}, {"size": "1e999", "ok": "yes"}, {"size": " 7 ", "ok": None}],
        }
    )
)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("size > 50", [0, 1]),
        ("size = 7", [2]),
        ("50 > size", [2]),
        ("not size > 50", [2]),
        ("ok = true", [0]),
        ("ok != false", [0]),
        ("service = 5", [0]),
        ("service = '5'", [0]),
        ("occurrences = size", []),
        ("1 = 1", [0, 1, 2]),
        ("severity < 'critical'", [0]),
        ("severity > 'low'", [0, 1]),
        ("'medium' <= severity", [0, 1]),
        ("severity in ('high', 'info')", [0]),
        ("not severity = severity", []),
        ("'a' is null", []),
        ("'a' is not null and service is null", [2]),
        ("resolved_at is not null", [0]),
        ("resolved_at < fired_at or resolved_at = fired_at", [0]),
        ("row=9 or " * 1050 + "row=1", [1]),
        ("row not in (" + ",".join(map(str, range(1, 1600))) + ")", [0]),
    ],
)
def test_labels_are_text_and_read_as_what_they_are_compared_with(condition: str, expected: list[int]) -> None:
    assert sorted(HISTORY.where(condition).to_arrow()["row"].to_pylist()) == expected


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("fired_at > 5", "fired_at is time, 5 is a number; expected one kind"),
        ("fired_at > 'soon'", "'soon' is compared with a time; condition='soon' is not a time"),
        ("fired_at > service", "fired_at is time, service is text"),
        ("row = '5'", "row is a number, '5' is text"),
        ("row = true", "row is a number, true is a boolean"),
        ("1 = 'a'", "1 is a number, 'a' is text"),
    ],
)
def test_values_of_different_kinds(condition: str, said: str) -> None:
    with pytest.raises(ConditionError, match=said):
        HISTORY.where(condition)
