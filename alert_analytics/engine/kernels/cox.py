"""One pass over the risk sets of a Cox regression: likelihood, score, information, and what residuals are made of."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit


@njit(cache=True)
def cox_pass(
    start: npt.NDArray[np.int64],
    time: npt.NDArray[np.float64],
    ended: npt.NDArray[np.bool_],
    entry: npt.NDArray[np.float64],
    by_entry: npt.NDArray[np.int64],
    pattern: npt.NDArray[np.int64],
    x: npt.NDArray[np.float64],
    beta: npt.NDArray[np.float64],
    weight: npt.NDArray[np.float64],
    means: npt.NDArray[np.float64],
    hazard: npt.NDArray[np.float64],
    pull: npt.NDArray[np.float64],
) -> tuple[float, npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Sum over the times of ends, with Efron's treatment of ties.

    Parameters
    ----------
    start : numpy.ndarray of int64, shape (strata + 1,)
        Where each stratum's alerts begin; each has its own baseline.
    time, ended, entry, pattern : numpy.ndarray, shape (n,)
        Of each alert, ascending in time within its stratum: when it left, whether by an end, from when on it was at
        risk (0: from the start), and which row of `x` it has.
    by_entry : numpy.ndarray of int64, shape (n,)
        The alerts of each stratum in descending order of entry.
    x : numpy.ndarray of float64, shape (P, p)
        The covariates of each pattern.
    beta : numpy.ndarray of float64, shape (p,)
        Coefficients.
    weight : numpy.ndarray of float64, shape (m,)
        What each distinct time of an end (by stratum, ascending) counts for in score and information.
    means : numpy.ndarray of float64, shape (m, p)
        Filled: the mean covariates of those at risk.
    hazard : numpy.ndarray of float64, shape (m, 2)
        Filled: the step of the baseline's cumulative hazard, for those who stay and for those who end then.
    pull : numpy.ndarray of float64, shape (m, 2, p)
        Filled: the same times the mean covariates. With no rows in `means` none of the three is filled.

    Returns
    -------
    loglik : float
        Partial log likelihood (not weighted).
    score : numpy.ndarray of float64, shape (p,)
        Its gradient, weighted.
    information : numpy.ndarray of float64, shape (p, p)
        Less its Hessian, weighted.

    Notes
    -----
    Backwards in time alerts join the sums ``S_0, S_1, S_2`` of ``exp(b x)``, times x, times x x', and leave them where
    they entered. Of d ends at one time the l-th sees ``S - l / d D``, D the sums of these ends; so all needed are the
    five sums over l of ``(l / d)**a / phi**b``. The oracles are lifelines and a plain loop.

    References
    ----------
    D. R. Cox (1972), Regression models and life-tables, JRSS B 34; B. Efron (1977), The efficiency of Cox's likelihood
    function for censored data, JASA 72.
    """
    p = x.shape[1]
    risk = np.exp(x @ beta)
    loglik, score, information = 0.0, np.zeros(p), np.zeros((p, p))
    at = weight.size
    for s in range(start.size - 2, -1, -1):
        s0, s1, s2 = 0.0, np.zeros(p), np.zeros((p, p))
        i, k = start[s + 1] - 1, start[s]
        while i >= start[s]:
            t, d = time[i], 0
            d0, d1, d2, total = 0.0, np.zeros(p), np.zeros((p, p)), np.zeros(p)
            while i >= start[s] and time[i] == t:
                r, row = risk[pattern[i]], x[pattern[i]]
                s0 += r
                _add(s1, s2, row, r)
                if ended[i]:
                    d += 1
                    d0 += r
                    _add(d1, d2, row, r)
                    total += row
                    loglik += np.log(r)
                i -= 1
            while k < start[s + 1] and entry[by_entry[k]] > 0.0 and entry[by_entry[k]] >= t:
                r = risk[pattern[by_entry[k]]]
                s0 -= r
                _add(s1, s2, x[pattern[by_entry[k]]], -r)
                k += 1
            if d == 0:
                continue
            at -= 1
            a0, a1, b0, b1, b2 = 0.0, 0.0, 0.0, 0.0, 0.0
            for one in range(d):
                c = one / d
                phi = s0 - c * d0
                loglik -= np.log(phi)
                a0 += 1.0 / phi
                a1 += c / phi
                b0 += 1.0 / phi**2
                b1 += c / phi**2
                b2 += (c / phi) ** 2
            mean = s1 * a0 - d1 * a1
            score += weight[at] * (total - mean)
            for a in range(p):
                for b in range(p):
                    spread = s1[a] * s1[b] * b0 - (s1[a] * d1[b] + d1[a] * s1[b]) * b1 + d1[a] * d1[b] * b2
                    information[a, b] += weight[at] * (s2[a, b] * a0 - d2[a, b] * a1 - spread)
            if means.shape[0] > 0:
                means[at] = mean / d
                hazard[at, 0], hazard[at, 1] = a0, a0 - a1
                pull[at, 0] = s1 * b0 - d1 * b1
                pull[at, 1] = s1 * (b0 - b1) - d1 * (b1 - b2)
    return loglik, score, information


@njit(cache=True)
def _add(
    first: npt.NDArray[np.float64], second: npt.NDArray[np.float64], row: npt.NDArray[np.float64], r: float
) -> None:
    """Let an alert join the sums: most of its covariates are 0, which change nothing."""
    for a in range(row.size):
        if row[a] != 0.0:
            first[a] += r * row[a]
            for b in range(row.size):
                second[a, b] += r * row[a] * row[b]
