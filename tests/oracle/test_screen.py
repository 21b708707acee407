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
TIMES = st.sampled_from(
    [None, T, T + timedelta(hours=1), T - timedelta(hours=1), datetime(1, 1, 1), datetime(2120, 1, 1)]
)
ROW = st.fixed_dictionaries(
    {"fired_at": TIMES},
    optional={
        "acknowledged_at": TIMES,
        "resolved_at": TIMES,
        "observed_at": TIMES,
        "severity": st.sampled_from([None, "high", " High", "p9", ""]),
        "status": st.sampled_from([None, "firing", "Resolved ", "suppressed", "gone", ""]),
        "resolution": st.sampled_from([None, "manual", "AUTOMATIC", "magic", ""]),
        "rule": st.sampled_from([None, "disk"]),
        "tenant_id": st.sampled_from([None, "acme"]),
        "team": st.sampled_from([None, "core"]),
    },
)
KINDS = {name: pa.timestamp("us") for name in ("fired_at", "acknowledged_at", "resolved_at", "observed_at")}


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.lists(ROW, min_size=1, max_size=4), st.booleans())
def test_a_screened_table_is_sound_exactly_where_no_row_is_refused(rows: list[dict[str, object]], dense: bool) -> None:
    if not dense:  # mostly sound tables: with random times hardly one would be
        rows = [row | {"fired_at": T} for row in rows]
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
