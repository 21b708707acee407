"""Does one item lead another: inference on sums over leader bursts and their control windows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MIN_BLOCKS = 30


@dataclass(frozen=True)
class PairSums:
    """What was counted, a row per ordered pair.

    For a leader burst starting at t, ``D`` is 1 where a follower burst starts in ``(t, t + W]``, else 0, less the mean
    of the same indicator over control windows; ``F`` is the indicator less that of ``[t - W, t)``.

    Attributes
    ----------
    n_bursts, n_bursts_follower : numpy.ndarray of int64, shape (n_pairs,)
        Bursts of the leader that were compared; bursts of the follower.
    n_together : numpy.ndarray of int64, shape (n_pairs,)
        Leader bursts followed by a follower burst.
    n_blocks : numpy.ndarray of int64, shape (n_pairs,)
        Blocks of time that hold a burst of the leader, in any scope.
    sum_d, sum_d2, sum_f, sum_f2 : numpy.ndarray of float64, shape (n_pairs,)
        Sums and sums of squares, over these blocks, of the block's sum of ``D`` and of ``F`` in all scopes.
    """

    n_bursts: Ints
    n_bursts_follower: Ints
    n_together: Ints
    n_blocks: Ints
    sum_d: Floats
    sum_d2: Floats
    sum_f: Floats
    sum_f2: Floats

    @property
    def expected(self) -> Floats:
        """Leader bursts that a follower burst would follow anyway: the control means, added up; shape (n_pairs,)."""
        # Sums of tenths leave -1e-13 where nothing was expected.
        expected = np.maximum(self.n_together - self.sum_d, 0.0)
        return np.where(self.n_bursts > 0, np.where(expected < 1e-6, 0.0, expected), np.nan)


@dataclass(frozen=True)
class PairTests:
    """One-sided p-values, a row per ordered pair; NaN where there are fewer than 30 blocks.

    Attributes
    ----------
    p_value : numpy.ndarray of float64, shape (n_pairs,)
        Of "the follower starts after the leader no more often than around it".
    p_direction : numpy.ndarray of float64, shape (n_pairs,)
        Of "the follower starts right after the leader no more often than right before it". Small says which onset
        comes first, not that one causes the other.
    """

    p_value: Floats
    p_direction: Floats


def pair_tests(sums: PairSums, *, n_controls: int) -> PairTests:
    """Test whether followers start right after their leaders more often than in the control windows.

    The controls lie within a few windows of the leader, so an association that is slower than these (a shared load, an
    hour of the day) is no finding. The reverse holds too: what is slower cannot be found.

    Parameters
    ----------
    sums : PairSums
        What was counted.
    n_controls : int
        Control windows K per leader burst.

    Returns
    -------
    PairTests
        One-sided p-values.

    Notes
    -----
    ``p = max(binomial, t)``. Binomial: ``P(X >= n_together)`` for ``n_bursts`` trials at the control rate
    ``r = (K expected + 1) / (K n_bursts + 1)``, where the added one keeps a follower never seen in a control window
    from a rate of zero. t: sum of ``D`` over its standard error from the block sums, with ``n_blocks - 1`` degrees of
    freedom; the variance is at least ``n_bursts r (1 - r) (1 + 1 / K)``, that of independent windows. The blocks are
    those with a leader burst: the others hold only zeros, and would pass for evidence where the leader is rare. They
    are blocks of time, not of time and scope: an event that reaches twenty hosts or tenants at once is one
    observation. The binomial counts it twenty times, so there the t test alone bounds the error.
    ``p_direction`` is the same pair of tests on ``F``, with even odds in the binomial.
    False-pair shares and power: ``python -m benchmarks.validity_pairs``.
    """
    p_value, p_direction = np.full(sums.n_bursts.shape, np.nan), np.full(sums.n_bursts.shape, np.nan)
    ok = sums.n_blocks >= MIN_BLOCKS
    n, together, blocks = sums.n_bursts[ok], sums.n_together[ok], sums.n_blocks[ok]
    rate = np.minimum((n_controls * sums.expected[ok] + 1.0) / (n_controls * n + 1.0), 1.0)
    # A follower that is always there has no variance and no excess; the least floor keeps 0 / 0 out.
    floor = np.maximum(n * rate * (1.0 - rate) * (1.0 + 1.0 / n_controls), 1e-9)
    p_value[ok] = np.maximum(
        stats.binom.sf(together - 1, n, rate), _block_test(sums.sum_d[ok], sums.sum_d2[ok], blocks, floor)
    )
    # F counts the follower after less the follower before, so the sum gives the number before.
    before = np.rint(together - sums.sum_f[ok])
    p_direction[ok] = np.maximum(
        stats.binom.sf(together - 1, together + before, 0.5),
        _block_test(sums.sum_f[ok], sums.sum_f2[ok], blocks, np.ones_like(rate)),
    )
    return PairTests(p_value, p_direction)


def _block_test(total: Floats, squares: Floats, n_blocks: Ints, floor: Floats) -> Floats:
    """One-sided t test that a sum over blocks is positive, with a floor under the variance of the sum."""
    variance = (squares - total**2 / n_blocks) * n_blocks / (n_blocks - 1)
    p: Floats = stats.t.sf(total / np.sqrt(np.maximum(variance, floor)), n_blocks - 1)
    return p
