"""From firings and compared pairs to their strength: a Hawkes process over burst starts, on a bounded number of them.

The process explains each burst start by a background of its item in its scope, or by an earlier start within the
window, in the same scope or in a linked one. Pairs that show no excess over their control windows take no part: the
local comparison has seen the load of the hour, which the constant background of the process has not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from alert_analytics.analytics.correlation_counts import ComparedPairs, Firings
from alert_analytics.engine.kernels.candidates import Candidates, Leaders, Links, Sweep
from alert_analytics.engine.kernels.control import N_CONTROLS
from alert_analytics.engine.kernels.hawkes import Attribution, attribute
from alert_analytics.stats.hawkes import ebic_gain, hawkes_strength, lag_edges

MOST_BURSTS = 1_000_000
MOST_CANDIDATES = 1_000_000
"""With more burst starts, or more candidates, the EM takes a sample of the blocks of time, and a second or two."""

N_ITERATIONS = 60
_GOLDEN = (5**0.5 - 1) / 2

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class PairStrengths:
    """What the EM says of each of the compared pairs, in their order.

    Attributes
    ----------
    n_caused, strength, ebic_gain : ndarray of float64, shape (n_pairs,)
        See :mod:`alert_analytics.stats.hawkes`; NaN where one of the two has no burst in the sample. ``n_caused`` is
        scaled up from the sample to all blocks of time.
    kernel : ndarray of float64, shape (n_bins,)
        The lag kernel that all pairs share: the share of what is caused in each bin of the lag.
    n_bursts : int
        How many burst starts the sample holds.
    share_of_time : float
        The share of the blocks of time that the sample took; 1 where nothing was left out.
    """

    n_caused: Floats
    strength: Floats
    ebic_gain: Floats
    kernel: Floats
    n_bursts: int
    share_of_time: float


def pair_strengths(starts: Firings, pairs: ComparedPairs, span_us: tuple[int, int], links: Links) -> PairStrengths:
    """Attribute burst starts to leaders, and add up what each pair explains.

    Parameters
    ----------
    starts : Firings
        Burst starts.
    pairs : ComparedPairs
        Which pairs to speak of.
    span_us : tuple of int
        Start and end of what was observed, in microseconds.
    links : Links
        The scopes that are linked; it says how many scopes there are.

    Returns
    -------
    PairStrengths
        A row per pair of `pairs`.

    Notes
    -----
    Where there are more than :data:`MOST_BURSTS` starts or :data:`MOST_CANDIDATES` candidates, whole blocks of time
    are taken, evenly spread over the span (by multiples of the golden section, which fall in step with neither days
    nor weeks), until the next would be too much. All of their starts, in all scopes, are then the sample.
    """
    starts = _in_one_order(starts)
    leaders, row = _allowed(pairs, starts.n_items)
    sweep = Sweep(starts.scope, starts.item, starts.time_us, leaders, links, lag_edges(starts.window_us))
    counts, taken, share = _sample(sweep, (starts.time_us - span_us[0]) // starts.block_us)
    candidates = sweep.candidates(counts)
    n_starts = np.bincount(starts.item[taken], minlength=starts.n_items)
    span_s = max(span_us[1] - span_us[0], starts.window_us) / 1e6 * share
    used, fitted = _attributed(sweep, candidates, taken, span_s)
    n_rows = leaders.item.size
    caused, gain = np.zeros(n_rows + 1), np.zeros(n_rows + 1)  # the last is that of the pairs that were dropped
    np.add.at(caused, used % n_rows, fitted.n_caused)
    np.maximum.at(gain, used % n_rows, fitted.gain)
    n_follower = n_starts[pairs.follower]
    n_leader = np.where(pairs.sums.n_bursts > 0, n_starts[pairs.leader], 0)
    strength = hawkes_strength(pairs.leader, pairs.follower, caused[row], n_leader, n_follower)
    n_possible = max(starts.n_items, 1) * (1 + bool(links.scope.size))
    evidence = ebic_gain(gain[row], np.maximum(n_follower, 1), n_possible)
    known = ~np.isnan(strength)
    return PairStrengths(
        n_caused=np.where(known, caused[row] / share, np.nan),
        strength=strength,
        ebic_gain=np.where(known, evidence, np.nan),
        kernel=fitted.lag_share,
        n_bursts=int(taken.sum()),
        share_of_time=share,
    )


def _in_one_order(starts: Firings) -> Firings:
    """Put simultaneous starts of a scope in order of their items: sums then do not depend on how rows came."""
    same = (np.diff(starts.time_us) == 0) & (np.diff(starts.scope) == 0)
    tied = np.flatnonzero(np.concatenate([same, [False]]) | np.concatenate([[False], same]))
    item = starts.item.copy()
    item[tied] = item[tied][np.lexsort((item[tied], starts.time_us[tied], starts.scope[tied]))]
    return Firings(starts.scope, item, starts.time_us, starts.n_items, starts.window_us)


def _allowed(pairs: ComparedPairs, n_items: int) -> tuple[Leaders, Ints]:
    """Keep the pairs whose excess over the control windows is more than its standard error, and each with itself.

    Returns them by follower, and for each of `pairs` its place there, that after the last for one that was dropped.
    """
    floor = np.sqrt(np.nan_to_num(pairs.sums.expected) * (1.0 + 1.0 / N_CONTROLS))
    kept = np.flatnonzero((pairs.sums.sum_d > floor) & (pairs.sums.n_bursts > 0))
    selves = np.arange(n_items)
    leader = np.concatenate([pairs.leader[kept], selves])
    follower = np.concatenate([pairs.follower[kept], selves])
    order = np.lexsort((leader, follower))
    row = np.full(pairs.leader.size, order.size)
    row[kept] = np.argsort(order)[: kept.size]
    first = np.searchsorted(follower[order], np.arange(n_items + 1))
    return Leaders(first, leader[order].astype(np.int32)), row


def _sample(sweep: Sweep, block: Ints) -> tuple[Ints, Flags, float]:
    """Choose blocks of time with few enough starts and candidates.

    Returns the numbers of candidates of the starts in them, which starts these are, and the share of the blocks.
    """
    taken, share = _few_blocks(np.ones(block.size, dtype=np.int64), block, MOST_BURSTS)
    counts = sweep.counts(taken)
    again, share_of_these = _few_blocks(counts[taken], block[taken], MOST_CANDIDATES)
    taken[taken] = again
    return np.where(taken, counts, 0), taken, share * share_of_these


def _few_blocks(weight: Ints, block: Ints, most: int) -> tuple[Flags, float]:
    """Take as many blocks as weigh at most so much; returns what lies in them, and their share of the blocks."""
    if weight.sum() <= most:
        return np.ones(block.size, dtype=np.bool_), 1.0
    present = np.flatnonzero(np.bincount(block))
    order = present[np.argsort(present * _GOLDEN % 1.0)]
    total = np.cumsum(np.bincount(block, weights=weight)[order])
    n_taken = max(int(np.searchsorted(total, most, side="right")), 1)
    is_taken = np.zeros(int(present[-1]) + 1, dtype=np.bool_)
    is_taken[order[:n_taken]] = True
    taken = is_taken[block]
    if total[0] > most:  # one block alone is too much: its first starts stand for it
        taken &= np.cumsum(np.where(taken, weight, 0)) <= most
    return taken, n_taken / present.size


def _attributed(sweep: Sweep, candidates: Candidates, taken: Flags, span_s: float) -> tuple[Ints, Attribution]:
    """Run the EM over the starts that were taken; returns the codes of the pairs with candidates, and what it gave."""
    n_items, n_rows = sweep.leaders.first.size - 1, sweep.leaders.item.size
    used, pair = np.unique(candidates.pair, return_inverse=True)
    n_found = np.diff(candidates.first)
    explained = n_found > 0
    codes = sweep.scope[taken] * np.int64(n_items) + sweep.item[taken]
    keys, background = np.unique(codes, return_inverse=True)
    # How many windows a leader has: one in its own scope for each start, and one in each linked scope.
    n_own = np.bincount(sweep.item[taken], minlength=n_items)
    n_linked = np.bincount(sweep.item[taken], np.diff(sweep.links.first)[sweep.scope[taken]], minlength=n_items)
    leader = sweep.leaders.item[used % max(n_rows, 1)]
    exposure = np.where(used < n_rows, n_own[leader], n_linked[leader])
    fitted = attribute(
        np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(n_found[explained])]),
        pair.astype(np.int32),
        candidates.lag_bin,
        background=background[explained[taken]].astype(np.int32),
        scope=sweep.scope[explained],
        exposure=np.maximum(exposure, 1.0),
        bin_width_s=np.diff(sweep.edges_us) / 1e6,
        n_alone=np.bincount(background[~explained[taken]], minlength=keys.size).astype(np.float64),
        span_s=span_s,
        n_iterations=N_ITERATIONS,
    )
    return used.astype(np.int64), fitted
