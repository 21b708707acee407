"""Reduced runs of ``python -m benchmarks.validity_calibration``: how often a cut breaks its promise."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest
from scipy.stats import beta, norm

from alert_analytics.stats.effective_size import EffectiveSize
from benchmarks.validity_calibration import ALPHAS, DELTA, Law, Row, laws, rows_of, tolerance_cut, verdicts

N_CALIBRATIONS = 200
AT_MOST = DELTA + 2 * math.sqrt(DELTA * (1 - DELTA) / N_CALIBRATIONS)
LAWS = {law.name: law for law in laws()}
ALONE = "the same, each series by itself"
NOT_PROMISED = {ALONE, "the same, as if they stayed"}  # held against what the cut says nothing of


@cache
def _rows(name: str) -> dict[float, Row]:
    law = LAWS[name]
    return {row.alpha: row for row in rows_of(law, law.sizes[0], N_CALIBRATIONS, seed=3)}


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in LAWS if name not in NOT_PROMISED])
def test_the_promise_is_kept(name: str) -> None:
    for alpha, row in _rows(name).items():
        assert row.tallies["ours"].broken(alpha) <= AT_MOST, (name, alpha)


@pytest.mark.parametrize("alpha", ALPHAS)
def test_independent_scores_are_not_refused_and_the_rate_is_used(alpha: float) -> None:
    ours = _rows("independent normal")[alpha].tallies["ours"]
    assert ours.refused() == 0.0
    assert ours.broken(alpha) <= 0.04
    assert alpha / 4 <= ours.mean() <= alpha


@pytest.mark.slow
def test_too_few_effective_scores_are_refused_rather_than_promised() -> None:
    assert _rows("AR(1) .8")[0.01].tallies["ours"].refused() == 1.0  # 1,000 are worth 110, and 299 are needed
    assert _rows("AR(1) .8")[0.05].tallies["ours"].refused() <= 0.1


@pytest.mark.slow
@pytest.mark.parametrize("name", ["AR(1) .8", "means of 10 normals, overlapping", "20 series with a shared load"])
def test_without_the_effective_size_it_would_break(name: str) -> None:
    assert _rows(name)[0.05].tallies["naive n"].broken(0.05) >= 0.1


@pytest.mark.slow
def test_what_the_series_share_counts() -> None:
    alone, shared = (_rows(name)[0.05].tallies["ours"].broken(0.05) for name in (ALONE, "20 series with a shared load"))
    assert alone >= 0.15
    assert shared <= AT_MOST


def test_the_other_cuts_promise_nothing() -> None:
    tallies = _rows("independent normal")[0.01].tallies
    assert tallies["marginal"].broken(0.01) >= 0.35
    assert tallies["training"].broken(0.01) >= 0.7
    assert tallies["min-max"].broken(0.01) >= 0.4


@pytest.mark.parametrize(("n", "alpha", "k"), [(299, 0.01, 1), (59, 0.05, 1), (1_000, 0.01, 5), (1_000, 0.05, 39)])
def test_with_a_known_size_it_breaks_as_often_as_theory_says(n: int, alpha: float, k: int) -> None:
    # The cut lies between the k-th largest and the next larger: so does how often it breaks the promise. Between the
    # k-th and the next lower it would break twice as often or more, for k = 1 in every eighth calibration.
    rng, size = np.random.default_rng(4), EffectiveSize(n, float(n), 1.0, "scores")
    rates = np.array([norm.sf(tolerance_cut(scores, size, alpha)) for scores in rng.normal(size=(4_000, n))])
    most = beta.sf(alpha, k, n + 1 - k)
    least = beta.sf(alpha, k - 1, n + 2 - k) if k > 1 else most
    error = 3 * math.sqrt(most / 4_000)
    assert most <= DELTA < beta.sf(alpha, k + 1, n - k)
    assert least - error <= np.mean(rates > alpha) <= most + error


def _certified(law: Law, n: int, alpha: float) -> dict[float, dict[str, float]]:
    found = verdicts(law, n, alpha, 200, seed=5)
    return {row.times: {word: row.share(word) for word in ("certified", "falsified")} for row in found}


@pytest.mark.parametrize(("name", "alpha"), [("independent normal", 0.01), ("AR(1) .8", 0.05)])
def test_certificates_do_not_condemn_what_is_kept_nor_pass_what_is_not(name: str, alpha: float) -> None:
    found = _certified(LAWS[name], 1_000, alpha)
    assert 0.3 <= found[0.0]["certified"] <= 0.8  # about half of the time: as many test scores as calibration scores
    assert found[0.0]["falsified"] <= 0.02
    assert found[2.0]["certified"] <= 0.02
    assert found[2.0]["falsified"] >= 0.5
    assert found[5.0]["falsified"] >= 0.97
