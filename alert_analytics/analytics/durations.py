"""The times to resolve of one group of alerts, with what its clusters allow to say of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from alert_analytics.analytics.estimates import Estimate
from alert_analytics.engine.kernels.crossings import open_at_end, quantile_crossings, restricted_mean_sums
from alert_analytics.engine.kernels.entering import entered_variance
from alert_analytics.engine.kernels.satterthwaite import checkpoints, working_sums
from alert_analytics.engine.kernels.survival import clustered_variance
from alert_analytics.stats.clusters import (
    clustered,
    critical_value,
    critical_values,
    effective_clusters,
    leverage,
    products_summed,
    satterthwaite_clusters,
)
from alert_analytics.stats.restricted_mean import (
    reaches,
    restricted_mean,
    restricted_mean_increments,
    restricted_mean_influence,
    restricted_mean_interval,
)
from alert_analytics.stats.survival import (
    SurvivalTable,
    kaplan_meier_sorted,
    log_log_band,
)
from alert_analytics.stats.truncation import entered_mean_influence, entry_slots, kaplan_meier_entered

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

INCIDENT = "incident"
SERVICE_DAY = "service and day"
SIZEABLE = 30
"""Times that a group needs to have a say in the common horizon."""


@dataclass(frozen=True, eq=False)
class Group:
    """The alerts of one group, in ascending order of duration.

    Attributes
    ----------
    key : tuple of str or None
        The group's values of the columns asked for.
    duration_s : numpy.ndarray of float64, shape (n,)
        From firing to resolution, or to the watermark.
    resolved : numpy.ndarray of bool, shape (n,)
        By the watermark.
    cluster : numpy.ndarray of int64, shape (n,)
        Codes that mean the same in every group of an answer.
    level : float
        Of all intervals.
    entry_s : numpy.ndarray of float64, shape (n,), optional
        From when on each was under observation; None: all from their firing.
    """

    key: tuple[str | None, ...]
    duration_s: Floats = field(repr=False)
    resolved: Bools = field(repr=False)
    cluster: Ints = field(repr=False)
    level: float
    entry_s: Floats | None = field(default=None, repr=False)

    @property
    def is_lone(self) -> bool:
        """Whether it is one alert, which needs no curve: of a million rules most fired once."""
        return self.duration_s.size == 1

    @cached_property
    def table(self) -> SurvivalTable:
        """The survival curve."""
        if self.entry_s is not None:
            return kaplan_meier_entered(self.duration_s, self.resolved, self.entry_s)
        return kaplan_meier_sorted(self.duration_s, self.resolved)

    @cached_property
    def local_cluster(self) -> Ints:
        """The clusters numbered from 0 within the group."""
        return np.zeros(1, dtype=np.int64) if self.is_lone else renumbered(self.cluster)

    @cached_property
    def cluster_sizes(self) -> Floats:
        """Alerts of the group in each of its clusters."""
        return np.bincount(self.local_cluster).astype(np.float64)

    @cached_property
    def n_effective(self) -> float:
        """The number of equal clusters that have as many alerts each."""
        return 1.0 if self.is_lone else effective_clusters(self.cluster_sizes)

    @cached_property
    def entering(self) -> tuple[Ints, Ints]:
        """The alerts in the order in which they come under observation, and the first time at which each is at risk.

        Empty where all were under observation from their firing.
        """
        if self.entry_s is None:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
        order = np.argsort(self.entry_s, kind="stable")
        return order, entry_slots(self.table.time_s, self.entry_s[order])

    @cached_property
    def variance(self) -> Floats:
        """Of log survival at each time, robust to alerts that resolve together."""
        table, alerts, n_clusters = self.table, (self.local_cluster, self.resolved), self.cluster_sizes.size
        if self.entry_s is None:
            return clustered_variance(*alerts, table.n_at_risk, table.n_resolved, n_clusters)
        counts = (table.n_at_risk, table.n_resolved, table.n_censored)
        return entered_variance(*alerts, *self.entering, *counts, n_clusters)

    @cached_property
    def n_effective_at(self) -> tuple[Floats, Ints]:
        """The equal clusters that would say as much of the curve, and for how many of its times each number holds."""
        table = self.table
        if self.cluster_sizes.size == 1:
            return np.ones(1), np.array([table.time_s.size])
        left = (table.n_at_risk - table.n_resolved).astype(np.float64)
        room = table.n_at_risk.astype(np.float64) ** 2 * left
        increment = np.divide(table.n_resolved, room, out=np.zeros_like(room), where=left > 0)
        rows = checkpoints(table.n_at_risk, table.n_resolved + table.n_censored)
        found = satterthwaite_clusters(self._sums(increment, rows), self.variance[rows])
        # Before the first resolution, and where all are resolved, no cluster contributes.
        return np.where(np.isnan(found), self.n_effective, found), np.diff(rows, prepend=-1)

    def _sums(self, increment: Floats, rows: Ints) -> Floats:
        leaving = self.table.n_resolved + self.table.n_censored
        return working_sums(self.local_cluster, *self.entering, leaving, increment, rows, self.cluster_sizes.size)

    @cached_property
    def band(self) -> tuple[Floats, Floats]:
        """The pointwise interval of the curve, robust to alerts that resolve together."""
        n, n_times = self.n_effective_at
        critical = np.repeat(critical_values(self.level, n), n_times)
        return log_log_band(self.table.survival, self.variance, critical)

    def let_go_of_curve(self) -> None:
        """Forget the curve and its variance, the largest part by far; they are computed again when asked for."""
        for name in ("table", "variance"):
            self.__dict__.pop(name, None)

    def quantile(self, q: float) -> Estimate:
        """The time within which a share `q` are resolved."""
        return self.quantiles((q,))[0]

    def quantiles(self, shares: Sequence[float]) -> list[Estimate]:
        """The times within which some shares are resolved."""
        if self.is_lone:
            only = float(self.duration_s[0]) if self.resolved[0] else np.nan
            return [Estimate(only, np.nan, np.nan)] * len(shares)
        n, n_times = self.n_effective_at
        curve = (self.table.time_s, self.table.survival, self.variance)
        found = quantile_crossings(*curve, critical_values(self.level, n), n_times, 1 - np.array(shares))
        return [Estimate(*map(float, one)) for one in found]

    def mean(self, horizon_s: float) -> Estimate:
        """The mean time open, up to a horizon."""
        mean, variance, effective = self.mean_variance(horizon_s)
        if np.isnan(mean):
            return Estimate(mean, mean, mean)
        critical = critical_value(self.level, effective)
        return Estimate(mean, *restricted_mean_interval(mean, variance, horizon_s, critical))

    def mean_variance(self, horizon_s: float) -> tuple[float, float, float]:
        """The mean, its variance, and the equal clusters that would say as much of it; NaN where not known."""
        if not self.is_known_until(horizon_s):
            return np.nan, np.nan, np.nan
        if self.is_lone:
            return min(float(self.duration_s[0]), horizon_s), np.nan, np.nan
        if self.entry_s is not None:
            mean = restricted_mean(self.table, horizon_s)
            increment = restricted_mean_increments(self.table, horizon_s)
            return mean, *self.summed(self.influence(horizon_s), increment)
        sizes = self.cluster_sizes
        alerts = (self.duration_s, self.resolved, self.local_cluster)
        mean, sums, independent, alike = restricted_mean_sums(*alerts, sizes, horizon_s)
        variance = float(leverage(sizes) @ sums**2)
        return mean, variance, self._effective(products_summed(independent, alike), variance)

    def summed(self, influence: Floats, increment: Floats) -> tuple[float, float]:
        """The variance of a number from what each alert adds to it, and the equal clusters that would say as much.

        Parameters
        ----------
        influence : numpy.ndarray of float64, shape (n,)
            Of each alert.
        increment : numpy.ndarray of float64, shape (m,)
            What an alert at risk at each time of the curve contributes to the variance, were all independent.

        Returns
        -------
        variance, n_effective : float
            NaN for a single cluster.
        """
        variance, _ = clustered(influence, self.local_cluster)
        sums = self._sums(increment, np.array([increment.size - 1]))
        return variance, self._effective(sums, variance)

    def _effective(self, sums: Floats, variance: float) -> float:
        found = float(satterthwaite_clusters(sums, np.array([variance]))[0])
        return self.n_effective if np.isnan(found) else found

    def is_known_until(self, horizon_s: float) -> bool:
        """Whether an alert was followed that long, or all were resolved before."""
        if self.entry_s is not None:
            return reaches(self.table, horizon_s)
        if not self.duration_s.size or self.duration_s[-1] >= horizon_s:
            return bool(self.duration_s.size)
        # The curve ends at 0 where the last that were open were all resolved.
        return bool(self.resolved[np.searchsorted(self.duration_s, self.duration_s[-1]) :].all())

    @cached_property
    def open_share(self) -> float:
        """What the curve is at its end."""
        if self.entry_s is not None:
            return float(self.table.survival[-1])
        return float(open_at_end(self.duration_s, self.resolved))

    def influence(self, horizon_s: float) -> Floats:
        """What each alert adds to the mean; the mean must be known."""
        if self.entry_s is not None:
            return entered_mean_influence(self.table, horizon_s, self.resolved, self.entry_s)
        return restricted_mean_influence(self.table, horizon_s, self.resolved)

    @property
    def resolved_only_median_s(self) -> float:
        """The median of those resolved: too short, and what people compute.

        Like the curve's, it is a time that was seen, the lower of two in the middle: equal where none is open.
        """
        finished = self.duration_s[self.resolved]
        return float(finished[(finished.size - 1) // 2]) if finished.size else float("nan")


def common_horizon(groups: Sequence[Group]) -> float:
    """Choose the horizon up to which every group of some size is known.

    Parameters
    ----------
    groups : sequence of Group
        Those under :data:`SIZEABLE` have no say where there are others.

    Returns
    -------
    float
        In seconds; NaN without a group.
    """
    if not groups:
        return float("nan")
    heard = [group for group in groups if group.duration_s.size >= SIZEABLE] or groups
    # What was seen for no time at all has no say either.
    heard = [group for group in heard if group.duration_s[-1] > 0] or heard
    longest = [float(group.duration_s[-1]) for group in heard]
    # A group without an open alert at its end is known for ever: its curve stays at 0.
    ending = [last for group, last in zip(heard, longest, strict=True) if not group.is_known_until(np.inf)]
    return min(ending) if ending else max(longest)


def renumbered(codes: Ints) -> Ints:
    """Number codes from 0 without gaps.

    Parameters
    ----------
    codes : numpy.ndarray of int64, shape (n,)
        Any codes.

    Returns
    -------
    numpy.ndarray of int64, shape (n,)
        Equal where the codes are. Looked up or hashed, as sorting would be the slowest step of the analysis.
    """
    n_codes = int(codes.max(initial=-1)) + 1
    if n_codes <= 4 * codes.size:
        seen = np.zeros(n_codes, dtype=np.bool_)
        seen[codes] = True
        place: Ints = np.cumsum(seen, dtype=np.int64) - 1
        return place[codes]
    indices: Ints = pa.array(codes).dictionary_encode().indices.to_numpy().astype(np.int64)
    return indices


def split(codes: Ints, n_groups: int) -> list[Ints]:
    """Row numbers of each group."""
    narrow = np.int16 if n_groups < np.iinfo(np.int16).max else np.int64  # 16 bits are sorted by counting
    order = np.argsort(codes.astype(narrow), kind="stable")
    return np.split(order, np.cumsum(np.bincount(codes, minlength=n_groups))[:-1]) if n_groups else []
