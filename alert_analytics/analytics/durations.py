"""The times to resolve of each group of a history, with what its clusters allow to say of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from alert_analytics.analytics.estimates import Estimate
from alert_analytics.engine import Answer
from alert_analytics.engine.kernels.entering import entered_variance
from alert_analytics.engine.kernels.satterthwaite import checkpoints, working_sums
from alert_analytics.engine.kernels.survival import clustered_variance
from alert_analytics.errors import UnknownColumnError
from alert_analytics.history import AlertHistory
from alert_analytics.stats.clusters import (
    clustered,
    critical_value,
    critical_values,
    effective_clusters,
    satterthwaite_clusters,
)
from alert_analytics.stats.restricted_mean import (
    restricted_mean,
    restricted_mean_increments,
    restricted_mean_influence,
    restricted_mean_interval,
)
from alert_analytics.stats.survival import (
    SurvivalTable,
    kaplan_meier_sorted,
    log_log_band,
    quantile,
    quantile_interval,
)
from alert_analytics.stats.truncation import entered_mean_influence, entry_slots, kaplan_meier_entered

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

INCIDENT = "incident"
SERVICE_DAY = "service and day"
SIZEABLE = 30
"""Times that a group needs to have a say in the common horizon."""

_US = 1e6


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

    @cached_property
    def table(self) -> SurvivalTable:
        """The survival curve."""
        if self.entry_s is not None:
            return kaplan_meier_entered(self.duration_s, self.resolved, self.entry_s)
        return kaplan_meier_sorted(self.duration_s, self.resolved)

    @property
    def is_lone(self) -> bool:
        """Whether it is one alert, which needs no curve: of a million rules most fired once."""
        return self.duration_s.size == 1

    @property
    def ends_open(self) -> bool:
        """Whether the curve ends above 0: of those followed longest some are not known to have ended."""
        return not self.resolved[0] if self.is_lone else bool(self.table.survival[-1] > 0)

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
        """The alerts in the order in which they come under observation, and the first time at which each is at risk."""
        if self.entry_s is None:
            return np.arange(self.duration_s.size), np.zeros(self.duration_s.size, dtype=np.int64)
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
    def critical(self) -> Floats:
        """How many standard errors the band is wide to either side, at each time of the curve."""
        if self.cluster_sizes.size == 1:
            return np.full(self.table.time_s.size, np.nan)
        n, n_times = self.n_effective_at
        return np.repeat(critical_values(self.level, n), n_times)

    @cached_property
    def n_effective_at(self) -> tuple[Floats, Ints]:
        """The equal clusters that would say as much of the curve, and for how many of its times each number holds."""
        table = self.table
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
        return log_log_band(self.table.survival, self.variance, self.critical)

    def quantile(self, q: float) -> Estimate:
        """The time within which a share `q` are resolved."""
        if self.is_lone:
            return Estimate(float(self.duration_s[0]) if self.resolved[0] else np.nan, np.nan, np.nan)
        return Estimate(quantile(self.table, q), *quantile_interval(self.table, self.band, q))

    def mean(self, horizon_s: float) -> Estimate:
        """The mean time open, up to a horizon."""
        if self.is_lone:
            is_known = self.resolved[0] or self.duration_s[0] >= horizon_s
            return Estimate(min(float(self.duration_s[0]), horizon_s) if is_known else np.nan, np.nan, np.nan)
        mean = restricted_mean(self.table, horizon_s)
        if np.isnan(mean):
            return Estimate(mean, mean, mean)
        variance, effective = self.mean_variance(horizon_s)
        critical = critical_value(self.level, effective)
        return Estimate(mean, *restricted_mean_interval(mean, variance, horizon_s, critical))

    def mean_variance(self, horizon_s: float) -> tuple[float, float]:
        """The variance of the mean, and the equal clusters that would say as much of it; the mean must be known."""
        return self.summed(self.influence(horizon_s), restricted_mean_increments(self.table, horizon_s))

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
        variance, of_sizes = clustered(influence, self.local_cluster)
        sums = self._sums(increment, np.array([increment.size - 1]))
        found = float(satterthwaite_clusters(sums, np.array([variance]))[0])
        return variance, of_sizes if np.isnan(found) else found

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


def groups_of(
    history: AlertHistory, names: Sequence[str], cluster: str | None, watermark: datetime | None, level: float
) -> tuple[list[Group], Answer, str]:
    """Read the durations of a history, group by group.

    Parameters
    ----------
    history : AlertHistory
        What to read.
    names : sequence of str
        Columns or labels to group by.
    cluster : str or None
        A column or label whose alerts resolve together; ``auto``: the column or label ``incident`` where there is one;
        None: every alert for itself. Where it is null, and by default, alerts of one service and day are a cluster.
    watermark : datetime or None
        Where open alerts are censored; None for an empty history.
    level : float
        Coverage of the intervals.

    Returns
    -------
    groups : list of Group
        In the order of their keys.
    answer : Answer
        For its SQL.
    clusters : str
        What the clusters are, in words.

    Raises
    ------
    UnknownColumnError
        A name that the history does not have.
    """
    # The order matters: a wrong `by` is said as such, not taken for a history without incidents.
    listed = history.ask("resolution_groups", keys={"series": names}).arrow()["series"].to_pylist()
    answer, said = asked_by_cluster(history, "resolution", {"series": names}, {"watermark": watermark}, cluster)
    columns = answer.arrow()
    codes = columns["group_code"].to_numpy()
    clusters = np.arange(codes.size) if cluster is None else columns["cluster_code"].to_numpy().astype(np.int64)
    duration, resolved = columns["duration_us"].to_numpy(), columns["resolved"].to_numpy()
    groups = []
    for rows, key in zip(split(codes, len(listed)), listed, strict=True):
        ordered = rows[np.argsort(duration[rows])]
        seconds = duration[ordered] / _US
        groups.append(Group(tuple(key), seconds, resolved[ordered], clusters[ordered], level))
    return groups, answer, said


def asked_by_cluster(
    history: AlertHistory,
    query: str,
    keys: Mapping[str, Sequence[str]],
    params: Mapping[str, object],
    cluster: str | None,
) -> tuple[Answer, str]:
    """Ask with the key ``cluster`` as well, by what resolves together.

    Parameters
    ----------
    history : AlertHistory
        What to read.
    query : str
        The name of the ``.sql`` file.
    keys, params : mapping
        The others.
    cluster : str or None
        As for :func:`groups_of`.

    Returns
    -------
    answer : Answer
        Not fetched yet.
    clusters : str
        What the clusters are, in words.

    Raises
    ------
    UnknownColumnError
        A name that the history does not have.
    """
    if cluster is None:
        return history.ask(query, keys={**keys, "cluster": []}, params=params), "each alert for itself"
    wanted = INCIDENT if cluster == "auto" else cluster
    try:
        answer = history.ask(query, keys={**keys, "cluster": [wanted]}, params=params)
    except UnknownColumnError:
        if cluster != "auto":
            raise
        return history.ask(query, keys={**keys, "cluster": []}, params=params), SERVICE_DAY
    return answer, f"{wanted}, or {SERVICE_DAY} where it is missing"


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
    ending = [last for group, last in zip(heard, longest, strict=True) if group.ends_open]
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
