"""Whether somebody acted on an alert is one question: how good alerts are and what a change would miss agree on it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

import alert_analytics as aa

START, END = datetime(2025, 1, 6), datetime(2025, 2, 3)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
Told = tuple[str, str, bool, str | None, bool]
"""Rule, source, whether acknowledged, how it ended, whether it did."""


def history(told: list[Told]) -> aa.AlertHistory:
    fired = [START + i * HOUR for i in range(len(told))]
    columns: dict[str, Any] = {
        "rule": [one[0] for one in told],
        "source": [one[1] for one in told],
        "fired_at": pa.array(fired, pa.timestamp("us")),
        "acknowledged_at": [t + MINUTE if one[2] else None for t, one in zip(fired, told, strict=True)],
        "resolved_at": [t + 3 * MINUTE if one[4] else None for t, one in zip(fired, told, strict=True)],
        "resolution": [one[3] for one in told],
        "observed_at": pa.array([END] * len(told), pa.timestamp("us")),
    }
    kinds = {"acknowledged_at": pa.timestamp("us"), "resolved_at": pa.timestamp("us"), "resolution": pa.string()}
    return aa.AlertHistory.open(
        pa.table({name: pa.array(one, kinds[name]) if name in kinds else one for name, one in columns.items()})
    )


MIXED: list[Told] = [
    ("r", "pager", True, "manual", True),
    ("r", "pager", False, "manual", True),
    ("r", "pager", True, None, True),  # acknowledged, and nothing says how it ended
    ("r", "pager", False, None, True),  # nothing says whether somebody acted
    ("r", "pager", False, None, True),
    ("r", "pager", False, "automatic", True),
    ("r", "pager", False, "expired", True),
    ("r", "pager", False, None, False),  # open
    ("r", "probe", False, "automatic", True),  # of a source that tells of nobody's doing
    ("r", "probe", False, None, False),
]


def both(told: list[Told]) -> tuple[dict[str, Any], dict[str, Any]]:
    [performance] = aa.PerformanceAnalysis.from_alerts(history(told), by="rule").table.to_pylist()
    [replayed] = aa.RuleReplay.from_alerts(history(told), aa.RuleChange(delete=True)).table.to_pylist()
    return performance, replayed


def test_both_count_alike_who_acted_and_of_which_alerts_nothing_says_it() -> None:
    performance, replayed = both(MIXED)
    assert performance["n_unsaid"] == replayed["n_unsaid"] == 4
    # Acted on were three; to be on the safe side a change misses what somebody may have acted on, too.
    assert replayed["n_missed"] == 3 + 4
    # Of the four of the pager of which it is said how they ended, two.
    assert performance["actionable_share"] == pytest.approx(2 / 4)


@pytest.mark.parametrize("how", ["automatic", "expired", "cancelled", None])
def test_a_source_that_tells_of_nobody_s_doing_is_not_taken_to_say_that_nobody_did(how: str | None) -> None:
    performance, replayed = both([("r", "probe", False, how, True)] * 20)
    assert performance["n_unsaid"] == replayed["n_unsaid"] == 20
    assert performance["actionable_share"] is None
    assert (replayed["n_missed"], replayed["missed_high"], replayed["n_delayed"]) == (None, None, None)
    assert "nothing says what people did" in replayed["note"]


def test_one_source_s_word_is_not_another_s() -> None:
    told: list[Told] = [("a", "pager", True, "manual", True), *[("b", "probe", False, "automatic", True)] * 20]
    rows = aa.RuleReplay.from_alerts(history(told), aa.RuleChange(delete=True)).table.to_pylist()
    assert {row["item"]: (row["n_missed"], row["n_unsaid"]) for row in rows} == {"a": (1, 0), "b": (None, 20)}
    groups = aa.PerformanceAnalysis.from_alerts(history(told), by="rule").table.to_pylist()
    assert {row["rule"]: row["actionable_share"] for row in groups} == {"a": 1.0, "b": None}


def test_a_rule_of_which_nothing_is_said_is_not_known_to_be_ignored() -> None:
    told: list[Told] = [("a", "pager", True, "manual", True), *[("b", "pager", False, None, True)] * 20]
    rows = aa.RuleReplay.from_alerts(history(told), aa.RuleChange(delete=True)).table.to_pylist()
    assert {row["item"]: row["n_missed"] for row in rows} == {"a": 1, "b": None}


def test_the_sentences_say_of_how_many_nothing_is_said() -> None:
    said = aa.PerformanceAnalysis.from_alerts(history(MIXED)).sentence
    assert "; of 4 nothing says whether somebody acted;" in said
    said = aa.RuleReplay.from_alerts(history(MIXED), aa.RuleChange(delete=True)).sentence
    assert "somebody had acted on 7 of these, or may have (of 4 of them all nothing says it)," in said
    definitions = aa.PerformanceAnalysis.from_alerts(history(MIXED)).definitions().to_pylist()
    [told] = [row["definition"] for row in definitions if row["metric"] == "n_unsaid"]
    assert "nothing says whether a person acted" in told
