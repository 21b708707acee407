"""Many answers at once: the false discovery rate of Benjamini and Hochberg."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from alert_analytics.errors import AlertAnalyticsError

Floats = npt.NDArray[np.float64]


class ProbabilityError(AlertAnalyticsError, ValueError):
    """A value handed in as a p-value lies outside [0, 1], or more were tested than were looked at."""


def benjamini_hochberg(p: npt.ArrayLike, n_tests: int | None = None) -> Floats:
    """Turn p-values into q-values: reject where q <= alpha, and at most alpha of the rejected are false.

    A question that was never tested (a pair never seen together, say) has still been looked at: leaving it out
    of `n_tests` makes every q-value too small.

    Parameters
    ----------
    p : array_like of float, shape (m,)
        In [0, 1]. NaN means "no test was possible": it stays NaN and counts as nothing looked at.
    n_tests : int, optional
        How many hypotheses were looked at in all, at least the number of p-values that are not NaN; those beyond it
        are counted as if their p were 1. Default: those that are not NaN.

    Returns
    -------
    numpy.ndarray of float64, shape (m,)
        In [0, 1], in the order of `p`.

    Raises
    ------
    ProbabilityError
        A p-value outside [0, 1], or `n_tests` smaller than the number of p-values.

    Notes
    -----
    ``q_(i) = min over j >= i of p_(j) n_tests / j``, at most 1. Ties share one q-value. The oracle is
    ``scipy.stats.false_discovery_control``, with p = 1 appended for what was not tested.

    References
    ----------
    Y. Benjamini, Y. Hochberg (1995), Controlling the false discovery rate, JRSS B 57.

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.04, 0.04]
    >>> benjamini_hochberg([0.01, 0.04, 0.03], n_tests=6).round(9).tolist()
    [0.06, 0.08, 0.08]
    """
    values = np.asarray(p, dtype=np.float64)
    q = np.full(values.shape, np.nan)
    known = np.flatnonzero(~np.isnan(values))
    total = known.size if n_tests is None else n_tests
    _check(values[known], total)
    order = known[np.argsort(values[known], kind="stable")]
    raised = values[order] * (total / np.arange(1, order.size + 1))
    q[order] = np.minimum(np.minimum.accumulate(raised[::-1])[::-1], 1.0)
    return q


def _check(values: Floats, total: int) -> None:
    if np.any((values < 0) | (values > 1)):
        worst = values[(values < 0) | (values > 1)][0]
        raise ProbabilityError(f"benjamini_hochberg: found a p-value of {worst}; expected values in [0, 1].")
    if total < values.size:
        raise ProbabilityError(
            f"benjamini_hochberg: n_tests is {total}, but {values.size} p-values were given.",
            hint="n_tests counts everything that was looked at, the tested included.",
        )
