"""The cut and the score map: what passes, what does not, and that 0.85 and alpha say the same, exactly."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alert_analytics.calibration.cut import (
    SCORE_CUT,
    ScoreMap,
    cut_above,
    exponent_of,
    promised,
    rank_of_cut,
    score_map,
)
from alert_analytics.errors import CalibrationError
from alert_analytics.stats.effective_size import EffectiveSize

FINITE = st.floats(-1e300, 1e300)
TIED = st.integers(-3, 3).map(float)
SAMPLES = st.lists(st.one_of(FINITE, TIED), min_size=1, max_size=60)


def _independent(n: int) -> EffectiveSize:
    return EffectiveSize(n, float(n), 1.0, "scores")


def _around(values: np.ndarray) -> np.ndarray:
    """The values, one step on either side of each, and both infinities."""
    up, down = np.nextafter(values, np.inf), np.nextafter(values, -np.inf)
    return np.unique(np.concatenate([values, up, down, [-np.inf, np.inf]]))


def _rank_within(n: int, alpha: float, share: float) -> int:
    """A rank that any promise may give: from 1 to alpha n."""
    return max(1, math.ceil(share * math.floor(alpha * n)))


def _check_exactness(made: ScoreMap, raw: np.ndarray, alpha: float) -> None:
    score, p_value, is_anomaly = made.apply(raw)
    np.testing.assert_array_equal(is_anomaly, raw >= made.threshold)
    for cut in (SCORE_CUT, np.float32(SCORE_CUT)):
        np.testing.assert_array_equal(score >= cut, is_anomaly)
    for limit in (alpha, np.float32(alpha)):
        np.testing.assert_array_equal(p_value <= limit, is_anomaly)
    np.testing.assert_array_equal(score.astype(np.float64) >= SCORE_CUT, is_anomaly)
    np.testing.assert_array_equal(p_value.astype(np.float64) <= alpha, is_anomaly)


@settings(deadline=None, max_examples=200)
@given(SAMPLES, st.sampled_from([0.5, 0.2, 0.05, 0.01]), st.floats(0, 1))
def test_the_score_the_p_value_and_the_cut_say_the_same(sample: list[float], alpha: float, share: float) -> None:
    scores = np.tile(sample, 1 if len(sample) * alpha >= 1 else math.ceil(1 / alpha))
    made = score_map(scores, alpha, _rank_within(scores.size, alpha, share))
    _check_exactness(made, _around(np.append(scores, made.threshold)), alpha)


@pytest.mark.parametrize("alpha", [0.1, 0.05, 0.03, 0.01, 0.005, 0.001, 1 / 3])
def test_they_say_the_same_for_every_alpha_and_for_float32_scores(alpha: float) -> None:
    scores = np.random.default_rng(1).normal(size=3_000).astype(np.float32).astype(np.float64)
    made = score_map(scores, alpha, math.floor(alpha * 3_000))
    raw = np.concatenate([scores, np.nextafter(scores, np.inf), [made.threshold, -np.inf, np.inf]])
    _check_exactness(made, raw, alpha)
    single = np.unique(raw.astype(np.float32))
    near = np.concatenate([np.nextafter(single, np.float32(9)), single, np.nextafter(single, np.float32(-9))])
    _check_exactness(made, near.astype(np.float64), alpha)
    np.testing.assert_array_equal(made.apply(near)[1], made.apply(near.astype(np.float64))[1])


@settings(deadline=None, max_examples=200)
@given(SAMPLES, st.sampled_from([0.5, 0.2, 0.05]), st.floats(0, 1))
def test_p_values_are_never_smaller_than_the_share_beyond(sample: list[float], alpha: float, share: float) -> None:
    scores = np.tile(sample, math.ceil(1 / alpha))
    n = scores.size
    made = score_map(scores, alpha, _rank_within(n, alpha, share))
    raw = _around(np.append(scores, made.threshold))
    u = (1 + (scores[None, :] >= raw[:, None]).sum(axis=1)) / (n + 1)
    _, p_value, _ = made.apply(raw)
    assert (p_value.astype(np.float64) >= u).all()
    assert (p_value <= 1).all()


def test_p_values_are_not_rounded_below_the_share_beyond() -> None:
    # So close to 1 that h(u) and u are the same float32.
    scores = np.arange(200_000.0)
    made = score_map(scores, 0.01, 1_999)
    u = (200_001 - np.arange(100.0)) / 200_001
    assert (made.apply(np.arange(100.0))[1].astype(np.float64) >= u).all()


@settings(deadline=None, max_examples=100)
@given(SAMPLES, st.floats(0, 1))
def test_a_larger_raw_score_is_never_less_anomalous(sample: list[float], share: float) -> None:
    made = score_map(np.array(sample), 0.05, max(1, round(share * len(sample))))
    score, p_value, _ = made.apply(_around(np.append(sample, made.threshold)))
    assert (np.diff(score) >= 0).all()
    assert (np.diff(p_value) <= 0).all()
    assert 0 <= score[0] <= score[-1] <= 1


@settings(deadline=None, max_examples=100)
@given(SAMPLES, st.integers(1, 60))
def test_the_cut_admits_only_what_is_larger_than_the_rank_th_largest(sample: list[float], rank: int) -> None:
    scores, rank = np.array(sample), min(rank, len(sample))
    barrier = np.sort(scores)[::-1][rank - 1]
    t = cut_above(scores, rank)
    np.testing.assert_array_equal(scores >= t, scores > barrier)
    assert t > barrier
    assert (scores >= t).sum() < rank


def test_the_cut_lies_midway_to_the_next_larger_distinct_score() -> None:
    scores = np.array([1.0, 2.0, 2.0, 2.0, 4.0, 7.0])
    assert [cut_above(scores, rank) for rank in range(2, 7)] == [5.5, 3.0, 3.0, 3.0, 1.5]
    assert cut_above(scores, 1) == np.nextafter(7.0, np.inf)
    assert cut_above(np.full(9, 2.0), 5) == np.nextafter(2.0, np.inf)
    assert cut_above(np.array([0.0]), 1) == np.nextafter(0.0, 1.0)


@pytest.mark.parametrize("low", [1.0, np.nextafter(1.0, 2.0), -1.0, 0.0, 5e-324, 1e300])
def test_between_adjacent_doubles_the_cut_is_the_larger(low: float) -> None:
    high = np.nextafter(low, np.inf)
    assert cut_above(np.array([low, high]), 2) == high


def test_the_distance_of_two_scores_may_be_too_large_for_a_double() -> None:
    assert cut_above(np.array([-1.5e308, 1.5e308]), 2) == 0.0
    assert cut_above(np.array([-1.5e308, 1.7e308]), 2) == pytest.approx(1e307)


@pytest.mark.parametrize("tau", [1, 2, 3, 5, 6, 7, 10, 23, 49])
def test_the_rank_is_exact_where_it_is_whole(tau: int) -> None:
    # k n / (n / tau) comes out a hair below k tau for many n.
    for n in range(tau, 3_000, 7):
        size = EffectiveSize(n, n / tau, float(tau), "scores")
        assert [rank_of_cut(size, k) for k in (1, 2, 3, 29)] == [tau, 2 * tau, 3 * tau, 29 * tau]


def test_the_rank_is_rounded_down_where_it_is_not_whole() -> None:
    assert rank_of_cut(EffectiveSize(1_000, 400.0, 2.5, "scores"), 1) == 2
    assert rank_of_cut(EffectiveSize(1_000, 1_000 / 2.9999, 2.9999, "scores"), 1) == 2


def test_moving_and_stretching_the_raw_scores_moves_the_cut_and_nothing_else() -> None:
    scores = np.round(np.random.default_rng(2).normal(size=500), 2)
    made = score_map(scores, 0.05, 18)
    for scale, shift in ((4.0, 0.0), (0.125, 0.0), (2.0, 1_024.0)):
        moved = score_map(scale * scores + shift, 0.05, 18)
        assert moved.threshold == pytest.approx(scale * made.threshold + shift)
        np.testing.assert_array_equal(moved.apply(scale * scores + shift)[0], made.apply(scores)[0])
        np.testing.assert_array_equal(moved.apply(scale * scores + shift)[1], made.apply(scores)[1])


def test_rows_in_any_order() -> None:
    scores = np.random.default_rng(3).integers(0, 40, 500).astype(float)
    one = score_map(scores, 0.05, 18)
    other = score_map(np.random.default_rng(4).permutation(scores), 0.05, 18)
    assert one.threshold == other.threshold
    np.testing.assert_array_equal(one.bounds, other.bounds)
    np.testing.assert_array_equal(one.score, other.score)


def test_one_score_and_constant_scores() -> None:
    for scores in (np.array([2.0]), np.full(400, 2.0)):
        made = score_map(scores, 0.5, max(1, scores.size // 4))
        _check_exactness(made, _around(np.array([1.0, 2.0, 3.0])), 0.5)
        assert made.threshold == np.nextafter(2.0, np.inf)
        assert made.bounds.tolist() == [2.0]


def test_missing_raw_scores_stay_missing_and_are_never_flagged() -> None:
    made = score_map(np.arange(100.0), 0.05, 3)
    score, p_value, is_anomaly = made.apply([np.nan, 1e9])
    assert np.isnan(score).tolist() == np.isnan(p_value).tolist() == [True, False]
    assert is_anomaly.tolist() == [False, True]
    assert score.dtype == p_value.dtype == np.float32


def test_many_distinct_scores_are_thinned_on_the_safe_side() -> None:
    scores = np.random.default_rng(5).normal(size=60_000)
    n, alpha, rank = scores.size, 0.01, 540
    made = score_map(scores, alpha, rank)
    assert made.bounds.size <= 10_001
    assert made.p_value.size == made.score.size == made.bounds.size + 1
    ordered = np.sort(scores)
    raw = _around(np.concatenate([scores[:2_000], ordered[-5_000:], [made.threshold]]))
    _check_exactness(made, raw, alpha)
    u = (1 + n - np.searchsorted(ordered, raw, side="left")) / (n + 1)
    _, p_value, _ = made.apply(raw)
    assert (p_value.astype(np.float64) >= u).all()
    h = np.interp(u, [0, rank / (n + 1), 1], [0, alpha, 1])
    assert p_value[raw > ordered[-5_000]] == pytest.approx(h[raw > ordered[-5_000]], rel=1e-6)  # every step kept
    assert np.abs(p_value - h)[np.isfinite(raw)].max() < 0.0005  # 5,000 steps over the rest


def test_thinning_keeps_the_cut_where_it_is_deep_in_the_thinned_half() -> None:
    scores = np.random.default_rng(6).normal(size=60_000)
    made = score_map(scores, 0.5, 29_000)
    _check_exactness(made, _around(np.append(scores[:5_000], made.threshold)), 0.5)


def test_alpha_stands_at_the_cut_and_the_scale_has_its_fixed_points() -> None:
    assert 1 - 0.01 ** exponent_of(0.01) == pytest.approx(SCORE_CUT)
    assert exponent_of(0.01) == pytest.approx(0.412, abs=5e-4)
    made = score_map(np.arange(1_000.0), 0.01, 5)
    assert made.threshold == 995.5
    assert made.p_value[0] == 1.0
    assert made.score[0] == 0.0
    assert made.apply([996.0])[1][0] == pytest.approx(0.01)  # 4 larger or equal: u = 5 / 1001, where alpha stands
    assert made.apply([1e9])[1][0] == pytest.approx(0.002)  # none: u = 1 / 1001, a fifth of the way


def test_what_can_be_promised() -> None:
    promise = promised(_independent(1_000), 0.01, 0.05)
    assert promise is not None
    assert (promise.alpha, promise.delta, promise.k) == (0.01, 0.05, 5)
    assert promised(_independent(298), 0.01, 0.05) is None
    assert promised(EffectiveSize(5_000, 298.0, 16.8, "ranks"), 0.01, 0.05) is None
    assert promised(EffectiveSize(0, 0.0, 1.0, "scores"), 0.01, 0.05) is None


@pytest.mark.parametrize(("alpha", "delta"), [(0.0, 0.05), (1.0, 0.05), (0.01, 0.0), (0.01, 1.0), (math.nan, 0.05)])
def test_shares_that_are_none_are_refused(alpha: float, delta: float) -> None:
    with pytest.raises(CalibrationError, match="expected a share between 0 and 1"):
        promised(_independent(1_000), alpha, delta)


@settings(deadline=None, max_examples=200)
@given(st.integers(1, 100_000), st.floats(1, 50), st.floats(0.001, 0.5), st.floats(0.001, 0.999))
def test_a_promise_never_puts_alpha_below_the_share_beyond(n: int, tau: float, alpha: float, delta: float) -> None:
    size = EffectiveSize(n, n / tau, tau, "scores")
    promise = promised(size, alpha, delta)
    if promise is not None:
        assert 1 <= rank_of_cut(size, promise.k) <= n
        assert rank_of_cut(size, promise.k) / (n + 1) < alpha
