from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from alert_analytics.stats.pairs import PairSums, pair_tests


def sums(**columns: object) -> PairSums:
    row: dict[str, object] = {
        "n_bursts": 100, "n_bursts_follower": 100, "n_together": 30, "n_blocks": 50,
        "sum_d": 25.0, "sum_d2": 25.0, "sum_f": 28.0, "sum_f2": 30.0,
    } | columns  # fmt: skip
    integers = {"n_bursts", "n_bursts_follower", "n_together", "n_blocks"}
    return PairSums(**{k: np.atleast_1d(np.asarray(v, np.int64 if k in integers else float)) for k, v in row.items()})


def test_the_larger_of_two_p_values() -> None:
    p = pair_tests(sums(), n_controls=10).p_value[0]
    standard_error = np.sqrt((25.0 - 25.0**2 / 50) * 50 / 49)
    by_blocks = stats.t.sf(25.0 / standard_error, 49)
    by_count = stats.binom.sf(29, 100, 51 / 1001)
    assert p == pytest.approx(max(by_blocks, by_count))
    assert by_blocks > by_count


def test_the_variance_has_a_floor() -> None:
    p = pair_tests(sums(n_together=8, sum_d=3.0, sum_d2=0.2), n_controls=10).p_value[0]
    rate = 51 / 1001
    by_blocks = stats.t.sf(3.0 / np.sqrt(100 * rate * (1 - rate) * 1.1), 49)
    assert p == pytest.approx(max(by_blocks, stats.binom.sf(7, 100, rate)))


def test_too_few_blocks_give_no_p_value() -> None:
    tests = pair_tests(sums(n_blocks=[29, 30], **{k: [v, v] for k, v in _plain().items()}), n_controls=10)
    assert np.isnan(tests.p_value).tolist() == [True, False]
    assert np.isnan(tests.p_direction).tolist() == [True, False]


def test_a_follower_never_seen_in_a_control_window_is_not_certain() -> None:
    tests = pair_tests(sums(n_together=1, sum_d=1.0, sum_d2=1.0, sum_f=1.0, sum_f2=1.0), n_controls=10)
    assert tests.p_value[0] > 0.05
    assert tests.p_direction[0] >= 0.5


def test_a_follower_that_is_always_there_is_no_finding() -> None:
    tests = pair_tests(sums(n_together=100, sum_d=0.0, sum_d2=0.0, sum_f=0.0, sum_f2=0.0), n_controls=10)
    assert tests.p_value[0] >= 0.5
    assert tests.p_direction[0] >= 0.5


def test_direction_asks_which_comes_first() -> None:
    after = sums(sum_f=28.0, sum_f2=30.0)  # 30 after, 2 before
    even = sums(sum_f=0.0, sum_f2=60.0)  # 30 after, 30 before
    before = sums(n_together=2, sum_f=-28.0, sum_f2=30.0)
    assert pair_tests(after, n_controls=10).p_direction[0] < 1e-4
    assert pair_tests(even, n_controls=10).p_direction[0] == pytest.approx(0.55, abs=0.05)
    assert pair_tests(before, n_controls=10).p_direction[0] > 0.999


def test_expected_is_the_control_mean() -> None:
    assert sums().expected.tolist() == [5.0]
    assert sums(n_together=30, sum_d=30.0 + 1e-12).expected.tolist() == [0.0]
    assert np.isnan(sums(n_bursts=0, n_together=0, sum_d=0.0).expected[0])


def _plain() -> dict[str, float]:
    one = sums()
    return {name: getattr(one, name)[0] for name in vars(one) if name != "n_blocks"}
