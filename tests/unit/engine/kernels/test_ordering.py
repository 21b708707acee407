from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alert_analytics.engine.kernels.ordering import by_scope_and_time


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), max_size=30), st.booleans())
def test_firings_come_by_scope_and_time_and_ties_stay(rows: list[tuple[int, int]], in_time: bool) -> None:
    rows = sorted(rows, key=lambda row: row[1]) if in_time else rows
    scope, time_us = (np.array([row[i] for row in rows], kind) for i, kind in ((0, np.int32), (1, np.int64)))
    item = np.arange(len(rows), dtype=np.int32)
    found = by_scope_and_time(scope, item, time_us)
    order = sorted(range(len(rows)), key=lambda p: rows[p])  # Python's sort keeps ties too
    assert [column.tolist() for column in found] == [scope[order].tolist(), order, time_us[order].tolist()]


@pytest.mark.parametrize("n", [0, 1, 4])
def test_what_is_in_order_is_not_copied(n: int) -> None:
    columns = np.zeros(n, np.int32), np.arange(n, dtype=np.int32), np.arange(n, dtype=np.int64)
    assert all(found is given for found, given in zip(by_scope_and_time(*columns), columns, strict=True))
