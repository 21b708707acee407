"""A table that is screened says what judging each of its rows says."""

from __future__ import annotations

from datetime import datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alert_analytics.history import AlertHistory
from alert_analytics.history.schema import COLUMNS, EXTRA

T = datetime(2025, 3, 1)
TIMES = [None, T, T + timedelta(hours=1), T - timedelta(hours=1), datetime(1, 1, 1), datetime(2120, 1, 1)]
POOLS: dict[str, list[object]] = {
    **{key: list[object](TIMES) for key in ("fired_at", "acknowledged_at", "resolved_at", "observed_at")},
    "severity": [None, "high", " High", "p9", ""],
    "status": [None, "firing", "Resolved ", "suppressed", "gone", ""],
    "resolution": [None, "manual", "AUTOMATIC", "magic", ""],
    "rule": [None, "disk"],
    "tenant_id": [None, "acme"],
}
TOLD = [(name, value) for name, pool in POOLS.items() for value in pool]
# A sound row of which two things are told otherwise: where all are drawn, nearly every row is refused.
ROW = st.lists(st.sampled_from(TOLD), min_size=1, max_size=2).map(lambda told: {"fired_at": T} | dict(told))
KINDS = {name: pa.timestamp("us") for name in ("fired_at", "acknowledged_at", "resolved_at", "observed_at")}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "value"), TOLD)
def test_one_thing_told_otherwise(name: str, value: object) -> None:
    check([{"fired_at": T, "rule": "disk"}, {"fired_at": T, name: value}])


@pytest.mark.slow
@settings(max_examples=50, deadline=None)
@given(st.lists(ROW, min_size=1, max_size=2))
def test_things_told_together(rows: list[dict[str, object]]) -> None:
    check(rows)


def check(rows: list[dict[str, object]]) -> None:
    """A table is screened as sound exactly where no row is refused, and its rows are the same either way."""
    names = sorted({name for row in rows for name in row})
    table = pa.table({name: pa.array([row.get(name) for row in rows], KINDS.get(name, pa.string())) for name in names})
    history = AlertHistory.open(table)
    base = history._base
    judged = base.cursor().view(base.rows)
    refused = judged.filter("reason IS NOT NULL").aggregate("count(*)").fetchall()[0][0]
    assert (base.sound_extent is not None) == (refused == 0)
    assert base.has_refused == (refused > 0)
    kept = [name for name in judged.columns if name in COLUMNS or name.startswith(EXTRA)]
    expected = judged.filter("reason IS NULL").select(*kept)
    seen = base.sound(base.cursor()).select(*kept)
    assert sorted(map(repr, seen.fetchall())) == sorted(map(repr, expected.fetchall()))
