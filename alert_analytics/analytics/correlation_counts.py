"""From firings to compared pairs: the kernels' counts and the tests that use them, without names or tables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from alert_analytics.engine.kernels.bursts import burst_starts
from alert_analytics.engine.kernels.control import N_CONTROLS, control_sums
from alert_analytics.engine.kernels.ordering import by_scope_and_time
from alert_analytics.engine.kernels.pairs import PairCounts, pair_counts
from alert_analytics.stats.multiple import benjamini_hochberg
from alert_analytics.stats.pairs import PairSums, PairTests, pair_tests

LONGEST_TESTED_US = 900_000_000
"""Windows longer than this get no p-value: the controls would reach across hours whose load differs.

Simulated over a year of 20 rules, ten alerts a day each, daily cycle, 40 histories: the share with a false pair
is at most 3 % for windows of 5 min, 2 to 10 % for 15 min, and 25 to 75 % for 30 min.
"""

Codes = npt.NDArray[np.int32]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Firings:
    """Alerts by scope and time, in whatever order they come, and the window in which they are to be paired.

    Attributes
    ----------
    scope, item : ndarray of int32, shape (n,)
        Codes from 0.
    time_us : ndarray of int64, shape (n,)
        Microseconds.
    n_items : int
        Number of item codes.
    window_us : int
        The window W, in microseconds.
    """

    scope: Codes
    item: Codes
    time_us: Ints
    n_items: int
    window_us: int

    def __post_init__(self) -> None:
        """Put them in order."""
        columns = by_scope_and_time(self.scope, self.item, self.time_us)
        for name, column in zip(("scope", "item", "time_us"), columns, strict=True):
            object.__setattr__(self, name, column)

    @property
    def n_pairs(self) -> int:
        """How many ordered pairs of items there are, seen together or not."""
        return self.n_items * max(self.n_items - 1, 0)

    @property
    def block_us(self) -> int:
        """Length of a block of time, ``max(4 h, 12 W)``: what happens in two of them counts as independent.

        What happens in one of them does not, be it in different scopes.
        """
        return max(4 * 3_600_000_000, 12 * self.window_us)

    def starts(self) -> Firings:
        """Keep the firings that start a burst."""
        kept = burst_starts(self.scope, self.item, self.time_us, n_items=self.n_items, window_us=self.window_us)
        return Firings(self.scope[kept], self.item[kept], self.time_us[kept], self.n_items, self.window_us)


@dataclass(frozen=True)
class ComparedPairs:
    """Every ordered pair seen together, and the reverse of each, sorted by (leader, follower).

    Attributes
    ----------
    leader, follower : ndarray of int32, shape (n_pairs,)
        Item codes.
    n_together : ndarray of int64, shape (n_pairs,)
        Leader firings followed by a follower firing within the window; 0 for a reverse that was never seen.
    sums : PairSums
        What the tests are made from; no blocks where the window is too long to test.
    tests : PairTests
        One-sided p-values.
    q_value, median_lag_s : ndarray of float64, shape (n_pairs,)
        NaN where not known.
    """

    leader: Codes
    follower: Codes
    n_together: Ints
    sums: PairSums
    tests: PairTests
    q_value: Floats
    median_lag_s: Floats


def compared_pairs(firings: Firings, span_us: tuple[int, int]) -> ComparedPairs:
    """Count, compare with control windows, and test.

    Parameters
    ----------
    firings : Firings
        All alerts.
    span_us : tuple of int
        Start and end of what was observed, in microseconds.

    Returns
    -------
    ComparedPairs
        Its q-values are over all ordered pairs of items, those never seen together included.
    """
    counts = pair_counts(
        firings.scope, firings.item, firings.time_us, n_items=firings.n_items, window_us=firings.window_us
    )
    leader, follower, n_together = _with_reverses(counts, firings.n_items)
    starts = firings.starts()
    sums = control_sums(
        starts.scope,
        starts.item,
        starts.time_us,
        leader=leader,
        follower=follower,
        n_items=starts.n_items,
        window_us=starts.window_us,
        block_us=starts.block_us,
        span_us=span_us,
    )
    n_bursts = np.bincount(starts.item, minlength=starts.n_items)
    pairs = PairSums(
        n_bursts=sums.n_compared[leader],
        n_bursts_follower=n_bursts[follower],
        n_together=sums.n_together,
        n_blocks=sums.n_blocks[leader] * (firings.window_us <= LONGEST_TESTED_US),
        sum_d=sums.sum_d,
        sum_d2=sums.sum_d2,
        sum_f=sums.sum_f,
        sum_f2=sums.sum_f2,
    )
    tests = pair_tests(pairs, n_controls=N_CONTROLS)
    return ComparedPairs(
        leader,
        follower,
        n_together,
        sums=pairs,
        tests=tests,
        q_value=benjamini_hochberg(tests.p_value, n_tests=firings.n_pairs),
        median_lag_s=sums.median_lag_s,
    )


def _with_reverses(counts: PairCounts, n_items: int) -> tuple[Codes, Codes, Ints]:
    """Add to the pairs seen the reverse of each, with a count of 0 where it was never seen."""
    key = counts.leader.astype(np.int64) * n_items + counts.follower
    every = np.sort(np.concatenate((key, counts.follower.astype(np.int64) * n_items + counts.leader)))
    both = every[np.r_[every.size > 0, every[1:] != every[:-1]][: every.size]]
    n_together = np.zeros(both.size, dtype=np.int64)
    n_together[np.searchsorted(both, key)] = counts.n_together
    leader, follower = np.divmod(both, max(n_items, 1))
    return leader.astype(np.int32), follower.astype(np.int32), n_together
