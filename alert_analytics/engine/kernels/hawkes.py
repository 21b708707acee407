"""Who caused whom: the expectation and maximisation of a mutually exciting (Hawkes) process over burst starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray


@dataclass(frozen=True)
class Attribution:
    """What the EM ends with: each start shared out among the background and its candidates.

    Attributes
    ----------
    n_caused : ndarray of float64, shape (n_pairs,)
        Starts of the follower that are attributed to the pair.
    gain : ndarray of float64, shape (n_pairs,)
        By how much the log-likelihood falls without the pair, if what it explains went to the background.
    lag_share : ndarray of float64, shape (n_bins,)
        The lag kernel, shared by all pairs: the share of what is caused in each bin. Adds up to 1, or to 0 without
        candidates.
    n_background : ndarray of float64, shape (n_backgrounds,)
        Starts attributed to each background.
    """

    n_caused: NDArray[np.float64]
    gain: NDArray[np.float64]
    lag_share: NDArray[np.float64]
    n_background: NDArray[np.float64]


def attribute(
    first: NDArray[np.int64],
    pair: NDArray[np.int32],
    lag_bin: NDArray[np.int8],
    *,
    background: NDArray[np.int32],
    scope: NDArray[np.int32],
    exposure: NDArray[np.float64],
    bin_width_s: NDArray[np.float64],
    n_alone: NDArray[np.float64],
    span_s: float,
    n_iterations: int,
) -> Attribution:
    """Share out each burst start among its background and its candidates, by expectation and maximisation.

    Parameters
    ----------
    first : ndarray of int64, shape (n + 1,)
        Where the candidates of each start begin.
    pair : ndarray of int32, shape (n_candidates,)
        Code of the candidate's pair (of hop, leader and follower).
    lag_bin : ndarray of int8, shape (n_candidates,)
        The bin of its lag.
    background : ndarray of int32, shape (n,)
        Code of each start's background: of its item in its scope.
    scope : ndarray of int32, shape (n,)
        Where it is; equal ones lie together.
    exposure : ndarray of float64, shape (n_pairs,)
        How many windows each pair had: the leader's starts, times the scopes that each reaches; positive.
    bin_width_s : ndarray of float64, shape (n_bins,)
        Lengths of the bins, in seconds.
    n_alone : ndarray of float64, shape (n_backgrounds,)
        Starts, by background, that have no candidate and are not among the n: what they do is known.
    span_s : float
        How long was observed, in seconds.
    n_iterations : int
        How often to repeat, at least once.

    Returns
    -------
    Attribution
        After the last iteration.

    Notes
    -----
    The intensity at a start is ``mu[background] + sum of alpha[pair] g(lag)`` over its candidates; ``g`` is a
    histogram that integrates to 1. Each iteration shares every start out in these proportions and takes
    ``mu = attributed / span``, ``alpha = attributed / exposure``, ``g = attributed in the bin / all / width``. It
    begins with ``alpha`` a tenth of what it would be if candidates caused everything, half in the background, ``g``
    flat. Tested against plain Python (``tests/oracle/test_hawkes.py``, to 1e-9).

    References
    ----------
    E. Lewis, G. Mohler (2011), A nonparametric EM algorithm for multiscale Hawkes processes.
    """
    model = (first, pair, lag_bin, background)
    sizes = (exposure, bin_width_s, span_s)
    alpha, g, mu = _first_guess(model, sizes, n_alone)
    n_caused, in_bin = np.zeros(exposure.size), np.zeros(bin_width_s.size)
    n_background, weight = np.zeros(n_alone.size), np.empty(int(np.diff(first).max(initial=0)))
    for _ in range(n_iterations):
        n_background[:] = n_alone
        _share_out(model, (alpha, g, mu), (n_caused, in_bin, n_background), weight)
        alpha = n_caused / exposure
        g = in_bin / (max(float(in_bin.sum()), 1e-300) * bin_width_s)
        mu = n_background / span_s
    gain = _gains(model, scope, (alpha, g, mu), span_s, weight) - n_caused
    return Attribution(n_caused, gain, g * bin_width_s, n_background)


def _first_guess(
    model: tuple[NDArray[Any], ...], sizes: tuple[NDArray[Any], NDArray[Any], float], n_alone: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    _, pair, _, background = model
    exposure, bin_width_s, span_s = sizes
    alpha = 0.1 * np.bincount(pair, minlength=exposure.size) / exposure
    g = np.full(bin_width_s.size, 1.0 / bin_width_s.sum())
    return alpha, g, (0.5 * np.bincount(background, minlength=n_alone.size) + n_alone) / span_s


@njit(cache=True)
def _share_out(model, parameters, sums, weight):  # type: ignore[no-untyped-def]
    """Add up, under the parameters, what is attributed to each pair, bin and background."""
    first, pair, lag_bin, background = model
    mu = parameters[2]
    n_caused, in_bin, n_background = sums
    n_caused[:] = 0.0
    in_bin[:] = 0.0
    for p in range(background.size):
        begin, own = first[p], mu[background[p]]
        scale = 1.0 / _weigh(model, parameters, p, weight)
        n_background[background[p]] += own * scale
        for k in range(begin, first[p + 1]):
            share = weight[k - begin] * scale
            n_caused[pair[k]] += share
            in_bin[lag_bin[k]] += share


@njit(cache=True)
def _weigh(model, parameters, p, weight):  # type: ignore[no-untyped-def]
    """Write the intensity that each candidate adds at the start `p`, and return the whole of it."""
    first, pair, lag_bin, background = model
    alpha, g, mu = parameters
    total = mu[background[p]]
    for k in range(first[p], first[p + 1]):
        weight[k - first[p]] = alpha[pair[k]] * g[lag_bin[k]]
        total += weight[k - first[p]]
    return total


@njit(cache=True)
def _gains(model, scope, parameters, span_s, weight):  # type: ignore[no-untyped-def]
    """Add up, over each pair's candidates, how much likelier they are with it than with a background raised by it.

    A background that explains nothing by itself would make the first coincidence look like proof; so what the pair
    explains in a scope goes to the background of that scope, as it would if the pair were left out.
    """
    first, pair, _, _ = model
    gain = np.zeros(parameters[0].size)
    in_scope = np.zeros(gain.size)
    begin = 0
    while begin < scope.size:
        end = begin
        while end < scope.size and scope[end] == scope[begin]:
            total = _weigh(model, parameters, end, weight)
            for k in range(first[end], first[end + 1]):
                in_scope[pair[k]] += weight[k - first[end]] / total
            end += 1
        for p in range(begin, end):
            total = _weigh(model, parameters, p, weight)
            for k in range(first[p], first[p + 1]):
                raised = in_scope[pair[k]] / span_s / total
                gain[pair[k]] += raised - np.log(max(1.0 - weight[k - first[p]] / total + raised, 1e-300))
        for k in range(first[begin], first[end]):
            in_scope[pair[k]] = 0.0
        begin = end
    return gain
