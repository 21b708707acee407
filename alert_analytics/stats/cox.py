"""What makes alerts resolve faster: Cox's regression, its cluster-robust variance, and the test of its assumption."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from alert_analytics.stats.clusters import effective_clusters, leverage

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Sums = Callable[[Floats], tuple[float, Floats, Floats]]
"""From coefficients to the log likelihood, its gradient, and less its Hessian."""

_MOST_STEPS = 50
_CLOSE = 1e-10


@dataclass(frozen=True)
class Fit:
    """The maximum of a likelihood.

    Attributes
    ----------
    beta : numpy.ndarray of float64, shape (p,)
        Coefficients.
    loglik : float
        There.
    information : numpy.ndarray of float64, shape (p, p)
        There.
    converged : bool
        Whether it is one: not where a coefficient goes off to infinity.
    """

    beta: Floats
    loglik: float
    information: Floats
    converged: bool


def maximised(sums: Sums, p: int) -> Fit:
    """Climb to the maximum of a concave likelihood by Newton's steps, halved where they overshoot.

    Parameters
    ----------
    sums : callable
        See :data:`Sums`.
    p : int
        How many coefficients; at least 1, and none a combination of others (:func:`independent`).

    Returns
    -------
    Fit
        From coefficients 0 on.
    """
    beta = np.zeros(p)
    loglik, score, information = sums(beta)
    for _ in range(_MOST_STEPS):
        try:
            step = np.linalg.solve(information, score)
        except np.linalg.LinAlgError:
            return Fit(beta, loglik, information, converged=False)
        if float(step @ score) <= _CLOSE**2 * max(1.0, abs(loglik)):
            return Fit(beta, loglik, information, converged=True)
        for _ in range(30):
            higher = sums(beta + step)
            if higher[0] >= loglik - 1e-12 * abs(loglik):
                break
            step = step / 2
        beta, (loglik, score, information) = beta + step, higher
    return Fit(beta, loglik, information, converged=False)


def independent(information: Floats) -> npt.NDArray[np.bool_]:
    """Say which columns are no combination of those before them.

    Parameters
    ----------
    information : numpy.ndarray of float64, shape (p, p)
        At coefficients 0.

    Returns
    -------
    numpy.ndarray of bool, shape (p,)
        A column that says what others say already has no coefficient of its own.
    """
    kept: list[int] = []
    for a in range(information.shape[0]):
        new = float(information[a, a])
        if kept:
            cross = information[np.ix_(kept, [a])][:, 0]
            new -= float(cross @ np.linalg.solve(information[np.ix_(kept, kept)], cross))
        if new > 1e-9 * max(float(information[a, a]), 1e-300) and information[a, a] > 0:
            kept.append(a)
    return np.isin(np.arange(information.shape[0]), kept)


def robust_variance(sums: Floats, information: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Give the sandwich variance of each coefficient, and how many clusters stand behind it.

    Parameters
    ----------
    sums : numpy.ndarray of float64, shape (G, p)
        Score residuals of the alerts of each cluster, summed.
    information : numpy.ndarray of float64, shape (p, p)
        At the coefficients.
    weight : numpy.ndarray of float64, shape (G, p)
        What hangs on each cluster, for each coefficient: the sum over its alerts of ``(x - mean)**2``, so that a small
        level with few incidents counts as few.

    Returns
    -------
    variance, n_clusters : numpy.ndarray of float64, shape (p,)
        NaN where one cluster is all there is.

    References
    ----------
    D. Y. Lin, L. J. Wei (1989), The robust inference for the Cox proportional hazards model, JASA 84; E. W. Lee, L. J.
    Wei, D. A. Amato (1992), as in :mod:`alert_analytics.stats.log_rank`.
    """
    influence = np.linalg.solve(information, sums.T).T
    columns = range(sums.shape[1])
    variance = np.array([float(leverage(weight[:, a]) @ influence[:, a] ** 2) for a in columns])
    return variance, np.array([effective_clusters(weight[:, a]) for a in columns])


def mean_ranks(values: Floats) -> Floats:
    """Rank numbers from 1, equal ones by the mean of their ranks.

    Parameters
    ----------
    values : numpy.ndarray of float64, shape (n,)
        Any.

    Returns
    -------
    numpy.ndarray of float64, shape (n,)
        The transform of time by which proportionality is tested: each end moves it as much as another.
    """
    return np.asarray(stats.rankdata(values), dtype=np.float64)


def proportional_plain(moved: Floats, information: Floats, transform: Floats) -> Floats:
    """Test whether each ratio stays the same as alerts grow old, for independent alerts.

    Parameters
    ----------
    moved : numpy.ndarray of float64, shape (p,)
        The sum over ends of Schoenfeld's residuals times the centred transform of their times.
    information : numpy.ndarray of float64, shape (p, p)
        At the coefficients.
    transform : numpy.ndarray of float64, shape (d,)
        Centred: of the time of each end.

    Returns
    -------
    numpy.ndarray of float64, shape (p,)
        p-values, chi-square with one degree of freedom. The oracle is
        ``lifelines.statistics.proportional_hazard_test``.

    References
    ----------
    P. M. Grambsch, T. M. Therneau (1994), Proportional hazards tests and diagnostics based on weighted residuals,
    Biometrika 81.
    """
    variance = np.linalg.inv(information)
    chi2 = transform.size * (variance @ moved) ** 2 / (np.diag(variance) * float(transform @ transform))
    return np.asarray(stats.chi2.sf(chi2, 1), dtype=np.float64)


def proportional_robust(
    moved: Floats, moved_sums: Floats, sums: Floats, cross: Floats, information: Floats, weight: Floats
) -> Floats:
    """Test whether each ratio stays the same as alerts grow old, where alerts come in clusters.

    Parameters
    ----------
    moved : numpy.ndarray of float64, shape (p,)
        The score of an interaction of each covariate with the centred transform of time, at 0.
    moved_sums, sums : numpy.ndarray of float64, shape (G, p)
        Its residuals, and those of the coefficients, summed over the alerts of each cluster.
    cross : numpy.ndarray of float64, shape (p, p)
        Information between interactions (rows) and coefficients.
    information : numpy.ndarray of float64, shape (p, p)
        Of the coefficients.
    weight : numpy.ndarray of float64, shape (G, p)
        As in :func:`robust_variance`.

    Returns
    -------
    numpy.ndarray of float64, shape (p,)
        p-values: a score test whose variance sums over clusters, F with one and the effective clusters less one degrees
        of freedom. NaN for one cluster.
    """
    own = moved_sums - sums @ np.linalg.solve(information, cross.T)
    variance = np.array([float(leverage(weight[:, a]) @ own[:, a] ** 2) for a in range(moved.size)])
    n_clusters = np.array([effective_clusters(weight[:, a]) for a in range(moved.size)])
    ratio = np.divide(moved**2, variance, out=np.full(moved.size, np.nan), where=variance > 0)
    return np.asarray(stats.f.sf(ratio, 1, np.maximum(n_clusters - 1, 1e-6)), dtype=np.float64)
