"""Cox's regression against lifelines, and against a plain loop where lifelines has no answer (robust with ties)."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from alert_analytics.analytics.risk_sets import RiskSets
from alert_analytics.stats.cox import Fit, independent, maximised, proportional_plain, robust_variance

with warnings.catch_warnings():
    # lifelines warns about its own use of pandas and numpy while it is imported.
    warnings.simplefilter("ignore")
    from lifelines import CoxPHFitter
    from lifelines.statistics import proportional_hazard_test


def drawn(n: int, seed: int, *, ties: bool, strata: int = 1, late: bool = False) -> RiskSets:
    rng = np.random.default_rng(seed)
    x = np.array([[0, 0, 0.3], [1, 0, -1.2], [0, 1, 0.7], [0, 0, 2.0], [1, 0, 0.1], [0, 1, -0.4]])
    pattern, cluster, stratum = rng.integers(0, 6, n), rng.integers(0, 15, n), np.sort(rng.integers(0, strata, n))
    time = rng.exponential(10 * np.exp(-x[pattern] @ np.array([0.8, -0.5, 0.3])))
    time = np.round(time) + 1 if ties else time
    ended = rng.random(n) < 0.8
    entry = np.where(rng.random(n) < 0.4, time * rng.random(n) * 0.9, 0.0) if late else np.zeros(n)
    order = np.lexsort((time, stratum))
    return RiskSets(stratum, pattern[order], cluster[order], time[order], entry[order], ended[order], x)


def fitted(sets: RiskSets) -> Fit:
    fit = maximised(sets.sums, sets.x.shape[1])
    assert fit.converged
    return fit


def frame(sets: RiskSets) -> pd.DataFrame:
    columns = {f"x{a}": sets.x[sets.pattern, a] for a in range(sets.x.shape[1])}
    more = {"time": sets.time_s, "ended": sets.ended.astype(int), "cluster": sets.cluster, "stratum": sets.stratum}
    return pd.DataFrame({**columns, **more, "entry": sets.entry_s})


def twin(sets: RiskSets, drop: tuple[str, ...] = ("cluster", "stratum", "entry"), **how: str) -> CoxPHFitter:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = frame(sets).drop(columns=list(drop))
        options = {"precision": 1e-12, "r_precision": 1e-14}
        return CoxPHFitter().fit(data, "time", "ended", fit_options=options, **how)


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_coefficients_and_likelihood_equal_lifelines(seed: int, ties: bool) -> None:
    sets = drawn(200, seed, ties=ties)
    fit, other = fitted(sets), twin(sets)
    np.testing.assert_allclose(fit.beta, other.params_.to_numpy(), rtol=0, atol=1e-9)
    assert fit.loglik == pytest.approx(other.log_likelihood_, abs=1e-8)
    np.testing.assert_allclose(np.linalg.inv(fit.information), other.variance_matrix_.to_numpy(), rtol=1e-7)


@pytest.mark.parametrize("ties", [False, True])
def test_strata_equal_lifelines(ties: bool) -> None:
    sets = drawn(300, 4, ties=ties, strata=3)
    other = twin(sets, ("cluster", "entry"), strata="stratum")
    np.testing.assert_allclose(fitted(sets).beta, other.params_.to_numpy(), rtol=0, atol=1e-9)


def test_delayed_entry_equals_lifelines() -> None:
    sets = drawn(300, 5, ties=False, late=True)
    other = twin(sets, ("cluster", "stratum"), entry_col="entry")
    np.testing.assert_allclose(fitted(sets).beta, other.params_.to_numpy(), rtol=0, atol=1e-8)


@pytest.mark.parametrize("by_cluster", [False, True])
def test_robust_errors_equal_lifelines_but_for_the_leverage(by_cluster: bool) -> None:
    sets = drawn(150, 6, ties=False)
    if by_cluster:
        other = twin(sets, ("stratum", "entry"), cluster_col="cluster")
    else:
        sets = RiskSets(
            sets.stratum, sets.pattern, np.arange(150), sets.time_s, sets.entry_s, sets.ended, sets.x
        )  # fmt: skip
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            data = frame(sets).drop(columns=["cluster", "stratum", "entry"])
            options = {"precision": 1e-12, "r_precision": 1e-14}
            other = CoxPHFitter().fit(data, "time", "ended", robust=True, fit_options=options)
    fit = fitted(sets)
    [sums] = sets.residual_sums(fit.beta, [np.ones(sets.n_times)])
    n_clusters = sums.shape[0]
    variance, effective = robust_variance(sums, fit.information, np.ones_like(sums))
    assert effective == pytest.approx(n_clusters)
    # Equal weights: the leverage is G / (G - 1), which lifelines does without.
    found = np.sqrt(variance * (n_clusters - 1) / n_clusters)
    np.testing.assert_allclose(found, other.standard_errors_.to_numpy(), rtol=0, atol=1e-9)


def test_the_test_of_the_assumption_equals_lifelines() -> None:
    sets = drawn(200, 7, ties=False)
    fit = fitted(sets)
    moved = sets.sums(fit.beta, sets.transform)[1]
    found = proportional_plain(moved, fit.information, np.repeat(sets.transform, sets.n_ends))
    other = twin(sets)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = frame(sets).drop(columns=["cluster", "stratum", "entry"])
        expected = proportional_hazard_test(other, data, time_transform="rank")
    np.testing.assert_allclose(found, expected.p_value, rtol=0, atol=1e-9)


def plain(sets: RiskSets, beta: np.ndarray, weight: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """Efron's likelihood, its score, and each alert's residual, end by end, as the formulas stand in books."""
    risk, x = np.exp(sets.x @ beta)[sets.pattern], sets.x[sets.pattern]
    loglik, residual, at = 0.0, np.zeros_like(x), 0
    for s in range(int(sets.stratum.max()) + 1):
        mine = sets.stratum == s
        for t in np.unique(sets.time_s[mine & sets.ended]):
            at_risk = mine & (sets.time_s >= t) & ((sets.entry_s < t) | (sets.entry_s == 0))
            ending = mine & sets.ended & (sets.time_s == t)
            d = int(ending.sum())
            loglik += float(np.log(risk[ending]).sum())
            for step in range(d):
                share = risk * (at_risk - step / d * ending)
                mean = share @ x / share.sum()
                loglik -= float(np.log(share.sum()))
                residual += weight[at] * (
                    ending[:, None] * (x - mean) / d - (share / share.sum())[:, None] * (x - mean)
                )
            at += 1
    return loglik, residual.sum(axis=0), residual


@pytest.mark.parametrize(("ties", "late", "strata"), [(True, False, 1), (True, True, 2), (False, True, 1)])
def test_the_pass_equals_the_plain_loop(ties: bool, late: bool, strata: int) -> None:
    sets = drawn(70, 8, ties=ties, late=late, strata=strata)
    beta = np.array([0.3, -0.2, 0.1])
    for weight in (np.ones(sets.n_times), sets.transform):
        loglik, score, residual = plain(sets, beta, weight)
        found = sets.sums(beta, weight)
        assert found[0] == pytest.approx(loglik, abs=1e-9)
        np.testing.assert_allclose(found[1], score, rtol=0, atol=1e-9)
        [sums] = sets.residual_sums(beta, [weight])
        expected = np.array([residual[sets.cluster == c].sum(axis=0) for c in range(sums.shape[0])])
        np.testing.assert_allclose(sums, expected, rtol=0, atol=1e-9)
        for a in range(3):
            step = np.eye(3)[a] * 1e-5
            slope = (sets.sums(beta + step, weight)[1] - sets.sums(beta - step, weight)[1]) / -2e-5
            np.testing.assert_allclose(found[2][a], slope, rtol=0, atol=1e-6)


def test_a_column_that_says_what_others_say_is_found() -> None:
    sets = drawn(100, 9, ties=True)
    doubled = np.c_[sets.x, sets.x[:, 0] - sets.x[:, 1], np.zeros(6)]
    more = RiskSets(sets.stratum, sets.pattern, sets.cluster, sets.time_s, sets.entry_s, sets.ended, doubled)
    assert independent(more.sums(np.zeros(5))[2]).tolist() == [True, True, True, False, False]


def test_what_runs_off_to_infinity_is_said_to() -> None:
    time, pattern = np.arange(1.0, 11), np.repeat([0, 1], 5)
    x, none = np.array([[0.0], [1.0]]), np.zeros(10, dtype=np.int64)
    sets = RiskSets(none, pattern, np.arange(10), time, np.zeros(10), np.ones(10, dtype=bool), x)
    fit = maximised(sets.sums, 1)
    assert abs(fit.beta[0]) > 15 or not fit.converged
