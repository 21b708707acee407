"""Flapping by hand, in numbers small enough to follow."""

from __future__ import annotations

import numpy as np
import pytest

from alert_analytics.engine.kernels.flapping import WEIGHTS, flapping, refire_gaps


def ints(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def test_the_weights_are_nagios() -> None:
    assert WEIGHTS.sum() == pytest.approx(20)
    assert (WEIGHTS[0], WEIGHTS[-1]) == (0.75, 1.25)


def test_one_firing_is_one_change_at_the_newest_place() -> None:
    found = flapping(ints(0), ints(0), ints(5), np.array([True]), until_us=100, check_us=10, high=30.0, low=20.0)
    assert found.percent.tolist() == pytest.approx([1.25 / 20 * 100])
    assert found.flaps.tolist() == [False]
    assert found.flapping_us.tolist() == [0]


def test_flapping_starts_at_the_change_that_reaches_the_cut_and_stops_as_checks_find_no_change() -> None:
    # Fires and ends every 10: each check finds a change. Five changes weigh 1.25 + 1.2237 + ... = 29.9 %, six 35.3 %.
    fired = ints(0, 20, 40)
    found = flapping(
        ints(0, 0, 0), fired, fired + 10, np.ones(3, bool), until_us=1_000, check_us=10, high=30.0, low=20.0
    )
    newest = np.cumsum(WEIGHTS[::-1]) * 5
    assert found.percent.tolist() == pytest.approx([newest[0], newest[2], newest[4]])
    assert found.flaps.tolist() == [False, False, False]  # the end at 50 reaches 30 %
    # Unchanged checks at 60, 70, ... move six changes back by a place each; at what check are they 20 % or less?
    places = np.arange(14, 20)
    moved = next(j for j in range(1, 21) if WEIGHTS[places[places - j >= 0] - j].sum() * 5 <= 20.0)
    assert found.flapping_us.tolist() == [0, 0, moved * 10]


def test_conditions_and_alerts_that_overlap() -> None:
    condition, fired, end = ints(0, 0, 1, 1), ints(0, 5, 0, 8), ints(10, 20, 8, 9)
    found = flapping(condition, fired, end, np.ones(4, bool), until_us=50, check_us=10, high=30.0, low=20.0)
    one, three = 1.25 * 5, WEIGHTS[-3:].sum() * 5
    assert found.percent.tolist() == pytest.approx([one, one, one, three])


def test_an_open_alert_is_one_change_and_lasts() -> None:
    condition, fired = ints(0, 0), ints(0, 500)
    found = flapping(condition, fired, ints(1000, 1000), np.array([False, False]), until_us=1_000, check_us=10,
                     high=6.0, low=0.0)  # fmt: skip
    assert found.percent.tolist() == [6.25, 0]
    assert found.flaps.tolist() == [True, False]
    assert found.flapping_us.tolist() == [200, 0]  # twenty checks


def test_nothing_in_gives_nothing_out() -> None:
    none = np.array([], dtype=np.int64)
    found = flapping(none, none, none, none.astype(bool), until_us=0, check_us=10, high=30.0, low=20.0)
    assert found.percent.size == found.flaps.size == found.flapping_us.size == 0
    assert refire_gaps(none, none, none, none.astype(bool)).size == 0


def test_the_gap_goes_to_the_first_firing_at_the_end_or_after_it() -> None:
    condition, fired = ints(0, 0, 0, 0, 1), ints(0, 5, 30, 31, 40)
    end, over = ints(30, 20, 30, 99, 41), np.array([True, True, True, False, True])
    assert refire_gaps(condition, fired, end, over).tolist() == [0, 10, 1, -1, -1]
