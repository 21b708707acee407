"""The alerts of a history as a Cox regression walks through them: sorted, by stratum, each with its pattern."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from alert_analytics.analytics.durations import Bools, Floats, Ints
from alert_analytics.engine.kernels.cox import cox_pass
from alert_analytics.stats.cox import mean_ranks


@dataclass(frozen=True, eq=False)
class RiskSets:
    """Alerts in ascending order of stratum and time.

    Attributes
    ----------
    stratum, pattern, cluster : numpy.ndarray of int64, shape (n,)
        Codes from 0; strata without gaps.
    time_s, entry_s : numpy.ndarray of float64, shape (n,)
        When each left, and from when on it was at risk.
    ended : numpy.ndarray of bool, shape (n,)
        Whether by an end.
    x : numpy.ndarray of float64, shape (P, p)
        Covariates of each pattern.
    """

    stratum: Ints = field(repr=False)
    pattern: Ints = field(repr=False)
    cluster: Ints = field(repr=False)
    time_s: Floats = field(repr=False)
    entry_s: Floats = field(repr=False)
    ended: Bools = field(repr=False)
    x: Floats = field(repr=False)

    @cached_property
    def start(self) -> Ints:
        """Where each stratum begins, and the end."""
        return np.append(0, np.cumsum(np.bincount(self.stratum))).astype(np.int64)

    @cached_property
    def _by_entry(self) -> Ints:
        return np.lexsort((-self.entry_s, self.stratum)).astype(np.int64)

    @cached_property
    def _first(self) -> Ints:
        """The first alert of each distinct time of an end."""
        places = np.flatnonzero(self.ended)
        stratum, time = self.stratum[places], self.time_s[places]
        new = np.r_[places.size > 0, (stratum[1:] != stratum[:-1]) | (time[1:] != time[:-1])][: places.size]
        first: Ints = places[new].astype(np.int64)
        return first

    @property
    def n_times(self) -> int:
        """Distinct times of ends, over all strata."""
        return int(self._first.size)

    @cached_property
    def transform(self) -> Floats:
        """Of each distinct time of an end: the mean rank of its ends among all ends, centred on their mean."""
        ranks = mean_ranks(self.time_s[self.ended])
        return np.asarray(ranks[np.searchsorted(np.flatnonzero(self.ended), self._first)] - ranks.mean())

    @cached_property
    def n_ends(self) -> Ints:
        """Ends at each distinct time."""
        return np.bincount(self._slot[self.ended], minlength=self.n_times).astype(np.int64)

    @cached_property
    def _slot(self) -> Ints:
        """Of each alert, how many times of ends lie before its own, those of earlier strata counted."""
        found = np.empty(self.time_s.size, dtype=np.int64)
        for a, b, lo, hi in self._strata():
            found[a:b] = lo + np.searchsorted(self.time_s[self._first[lo:hi]], self.time_s[a:b], side="left")
        return found

    @cached_property
    def _begin(self) -> Ints:
        """Of each alert, the first time of an end at which it was at risk."""
        found = np.empty(self.time_s.size, dtype=np.int64)
        for a, b, lo, hi in self._strata():
            entry = self.entry_s[a:b]
            late = np.searchsorted(self.time_s[self._first[lo:hi]], entry, side="right")
            found[a:b] = lo + np.where(entry > 0, late, 0)
        return found

    def _strata(self) -> list[tuple[int, int, int, int]]:
        ends = np.searchsorted(self._first, self.start)
        return list(zip(self.start[:-1], self.start[1:], ends[:-1], ends[1:], strict=True))

    def sums(self, beta: Floats, weight: Floats | None = None) -> tuple[float, Floats, Floats]:
        """The log likelihood, its gradient and less its Hessian; each time counted by `weight`."""
        p = self.x.shape[1]
        return self._walk(beta, weight, (np.empty((0, p)), np.empty((0, 2)), np.empty((0, 2, p))))

    def _walk(
        self, beta: Floats, weight: Floats | None, filled: tuple[Floats, Floats, Floats]
    ) -> tuple[float, Floats, Floats]:
        counts = np.ones(self.n_times) if weight is None else weight
        alerts = (self.start, self.time_s, self.ended, self.entry_s, self._by_entry, self.pattern)
        found: tuple[float, Floats, Floats] = cox_pass(*alerts, self.x, beta, counts, *filled)
        return found

    def residual_sums(self, beta: Floats, weights: list[Floats]) -> list[Floats]:
        """Sum the score residuals of the alerts of each cluster, for each of several weights of the times.

        Notes
        -----
        Alert i adds ``[ended] (x_i - mean(t_i)) - exp(b x_i) sum over t_j at risk of (x_i dH(t_j) - dP(t_j))``, each
        time weighted; over all alerts they add up to the score. For those who end among others Efron's steps are less.
        """
        m, p = self.n_times, self.x.shape[1]
        means, hazard, pull = np.zeros((m, p)), np.zeros((m, 2)), np.zeros((m, 2, p))
        self._walk(beta, None, (means, hazard, pull))
        slot, begin, ended = self._slot, self._begin, self.ended
        own = np.minimum(slot, m - 1)
        # One who leaves without an end at a time of ends is at risk then, too.
        first = self._first[own]
        at_end = (slot < m) & (self.time_s == self.time_s[first]) & (self.stratum == self.stratum[first])
        last = slot + (at_end & ~ended)
        risk = np.exp(self.x @ beta)[self.pattern]
        n_clusters = int(self.cluster.max()) + 1
        found = []
        for weight in weights:
            sums = np.empty((n_clusters, p))
            steps = np.append(0.0, np.cumsum(weight * hazard[:, 0]))
            passed = steps[last] - steps[begin] + np.where(ended, (weight * hazard[:, 1])[own], 0.0)
            counts = np.where(ended, weight[own], 0.0)
            for a in range(p):
                drawn = np.append(0.0, np.cumsum(weight * pull[:, 0, a]))
                pulled = drawn[last] - drawn[begin] + np.where(ended, (weight * pull[:, 1, a])[own], 0.0)
                mine = self.x[self.pattern, a]
                residual = counts * (mine - means[own, a]) - risk * (mine * passed - pulled)
                sums[:, a] = np.bincount(self.cluster, weights=residual, minlength=n_clusters)
            found.append(sums)
        return found

    def spread(self) -> Floats:
        """What hangs on each cluster: the sum over its alerts of the squared distance from the mean, by covariate."""
        columns = []
        for a in range(self.x.shape[1]):
            mine = self.x[self.pattern, a]
            columns.append(np.bincount(self.cluster, weights=(mine - mine.mean()) ** 2))
        return np.array(columns, dtype=np.float64).T
