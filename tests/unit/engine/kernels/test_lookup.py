from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alert_analytics.engine.kernels.lookup import NO_DAY, numbered_by_day, places_of
from alert_analytics.errors import HistoryError

HASHES = st.integers(0, 2**64 - 1) | st.integers(0, 20).map(lambda high: high << 40)  # the latter share their slots


@given(st.lists(HASHES, min_size=1, max_size=40, unique=True), st.data())
def test_each_hash_is_found_where_it_stands(known: list[int], data: st.DataObject) -> None:
    asked = data.draw(st.lists(st.sampled_from(known), max_size=60))
    found = places_of(np.array(asked, np.uint64), np.array(known, np.uint64))
    assert found.tolist() == [known.index(one) for one in asked]


def test_nothing_is_asked_of_nothing() -> None:
    none = np.zeros(0, np.uint64)
    assert places_of(none, none).size == 0


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(-3, 4) | st.just(NO_DAY)), max_size=30))
def test_codes_are_equal_where_both_are(rows: list[tuple[int, int]]) -> None:
    # What has no day shares its code with nothing that has one.
    code = np.array([2 * what + (day == NO_DAY) for what, day in rows], np.int64)
    day = np.array([day for _, day in rows], np.int32)
    found = numbered_by_day(code, day)
    pairs = list(zip(code.tolist(), day.tolist(), strict=True))
    assert all(
        (a == b) == (x == y) for a, x in zip(found, pairs, strict=True) for b, y in zip(found, pairs, strict=True)
    )


def test_what_nobody_listed_is_an_error_and_no_endless_search() -> None:
    known = np.arange(1, 40, dtype=np.uint64)
    with pytest.raises(HistoryError, match="changed while it was asked"):
        places_of(np.array([3, 77], dtype=np.uint64), known)
    with pytest.raises(HistoryError, match="changed while it was asked"):
        places_of(np.array([3], dtype=np.uint64), known[:0])
