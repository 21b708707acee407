"""How strongly one item leads another, and whether a graph should keep the edge: from what an EM has attributed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

N_BINS = 14
_FIRST_EDGE = 1.0 / 300.0  # one second of the usual five minutes


def lag_edges(window_us: int) -> Ints:
    """Edges of the bins of a lag: from 0, then evenly spaced in the logarithm up to the window.

    Parameters
    ----------
    window_us : int
        The window W, in microseconds.

    Returns
    -------
    numpy.ndarray of int64, shape (n_bins + 1,)
        Microseconds, strictly ascending; the first bin ends at W / 300. Fewer than :data:`N_BINS` bins only where the
        window is so short that edges would coincide.

    Examples
    --------
    >>> (lag_edges(300_000_000)[[0, 1, 2, -2, -1]] / 1e6).round(1).tolist()
    [0.0, 1.0, 1.6, 193.5, 300.0]
    """
    edges = np.rint(window_us * np.geomspace(_FIRST_EDGE, 1.0, N_BINS)).astype(np.int64)
    return np.unique(np.concatenate([np.zeros(1, dtype=np.int64), edges]))


def hawkes_strength(
    leader: npt.NDArray[np.integer],
    follower: npt.NDArray[np.integer],
    n_caused: Floats,
    n_leader: Ints,
    n_follower: Ints,
) -> Floats:
    """Say how strongly the leader leads, on a scale that compares across pairs.

    A lift grows without bound where little is expected and a p-value shrinks with the number of bursts; neither
    compares across pairs. A coincidence of two items with a burst each has strength too: ask the p-value whether to
    believe it.

    Parameters
    ----------
    leader, follower : numpy.ndarray of int, shape (n_pairs,)
        Codes of the pairs, none twice; a pair whose reverse is missing has a reverse in which nothing was caused.
    n_caused : numpy.ndarray of float64, shape (n_pairs,)
        Bursts of the follower that the EM attributes to the leader.
    n_leader, n_follower : numpy.ndarray of int64, shape (n_pairs,)
        Bursts of either.

    Returns
    -------
    numpy.ndarray of float64, shape (n_pairs,)
        ``2 s - s^T`` with ``s = n_caused / sqrt(n_leader n_follower)``: what it causes, and its lead over the
        reverse. In [-1, 2] inside one scope; where a leader reaches several, s may exceed 1. NaN without bursts.
    """
    scale = np.sqrt(n_leader.astype(np.float64) * n_follower)
    s = np.divide(n_caused, scale, out=np.full(scale.shape, np.nan), where=scale > 0)
    n_items = int(max(leader.max(initial=0), follower.max(initial=0))) + 1
    key = leader.astype(np.int64) * n_items + follower
    order = np.argsort(key)
    wanted = follower.astype(np.int64) * n_items + leader
    place = order[np.minimum(np.searchsorted(key, wanted, sorter=order), max(key.size - 1, 0))]
    strength: Floats = 2.0 * s - np.where(key[place] == wanted, s[place], 0.0)
    return strength


def ebic_gain(gain: Floats, n_follower: npt.ArrayLike, n_possible: int) -> Floats:
    """Weigh what a pair explains against what it costs: positive where a graph should keep its edge.

    Parameters
    ----------
    gain : numpy.ndarray of float64, shape (n_pairs,)
        By how much the log-likelihood falls without the pair.
    n_follower : array_like of float, shape (n_pairs,)
        Bursts of the follower, the observations that the pair helps to explain. At least 1.
    n_possible : int
        How many pairs could have explained it: items, times hops.

    Returns
    -------
    numpy.ndarray of float64, shape (n_pairs,)
        ``2 gain - log n_follower - 2 log n_possible``: by how much the extended Bayesian information criterion, with
        its ``gamma = 1``, is worse without the pair.

    References
    ----------
    J. Chen, Z. Chen (2008), Extended Bayesian information criteria for model selection with large model spaces,
    Biometrika 95.

    Examples
    --------
    >>> ebic_gain(np.array([5.0, 10.0]), [100, 100], 20).round(2).tolist()
    [-0.6, 9.4]
    """
    cost: Floats = np.log(np.asarray(n_follower, dtype=np.float64)) + 2.0 * np.log(n_possible)
    return 2.0 * gain - cost
