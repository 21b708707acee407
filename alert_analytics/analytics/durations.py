"""The times to resolve of each group of a history, with what its clusters allow to say of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from alert_analytics.engine import Answer
from alert_analytics.engine.kernels.survival import clustered_variance
from alert_analytics.errors import UnknownColumnError
from alert_analytics.history import AlertHistory
from alert_analytics.stats.clusters import clustered, critical_value, effective_clusters
from alert_analytics.stats.restricted_mean import (
    reaches,
    restricted_mean,
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

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

INCIDENT = "incident"
SERVICE_DAY = "service and day"
SIZEABLE = 30
"""Times that a group needs to have a say in the common horizon."""

_US = 1e6
_UNITS = ((172_800, 86_400, "d"), (3_600, 3_600, "h"), (120, 60, "min"))


@dataclass(frozen=True)
class Estimate:
    """A number of seconds with its interval; NaN where it, or an end, is not known."""

    value_s: float
    low_s: float
    high_s: float


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
    """

    key: tuple[str | None, ...]
    duration_s: Floats = field(repr=False)
    resolved: Bools = field(repr=False)
    cluster: Ints = field(repr=False)
    level: float

    @cached_property
    def table(self) -> SurvivalTable:
        """The survival curve."""
        return kaplan_meier_sorted(self.duration_s, self.resolved)

    @cached_property
    def local_cluster(self) -> Ints:
        """The clusters numbered from 0 within the group."""
        return renumbered(self.cluster)

    @cached_property
    def cluster_sizes(self) -> Floats:
        """Alerts of the group in each of its clusters."""
        return np.bincount(self.local_cluster).astype(np.float64)

    @cached_property
    def n_effective(self) -> float:
        """The number of equal clusters that would say as much."""
        return effective_clusters(self.cluster_sizes)

    @cached_property
    def band(self) -> tuple[Floats, Floats]:
        """The pointwise interval of the curve, robust to alerts that resolve together."""
        at_risk, resolved = self.table.n_at_risk, self.table.n_resolved
        variance = clustered_variance(self.local_cluster, self.resolved, at_risk, resolved, self.cluster_sizes.size)
        return log_log_band(self.table.survival, variance, critical_value(self.level, self.n_effective))

    def quantile(self, q: float) -> Estimate:
        """The time within which a share `q` are resolved."""
        return Estimate(quantile(self.table, q), *quantile_interval(self.table, self.band, q))

    def mean(self, horizon_s: float) -> Estimate:
        """The mean time open, up to a horizon."""
        mean = restricted_mean(self.table, horizon_s)
        if np.isnan(mean):
            return Estimate(mean, mean, mean)
        variance, effective = clustered(self.influence(horizon_s), self.local_cluster)
        critical = critical_value(self.level, effective)
        return Estimate(mean, *restricted_mean_interval(mean, variance, horizon_s, critical))

    def influence(self, horizon_s: float) -> Floats:
        """What each alert adds to the mean; the mean must be known."""
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
    by_label = [] if cluster is None else [INCIDENT if cluster == "auto" else cluster]
    # The order matters: a wrong `by` is said as such, not taken for a history without incidents.
    listed = history.ask("resolution_groups", keys={"series": names}).arrow()["series"].to_pylist()
    params = {"watermark": watermark}
    try:
        answer = history.ask("resolution", keys={"series": names, "cluster": by_label}, params=params)
        said = f"{by_label[0]}, or {SERVICE_DAY} where it is missing" if by_label else "each alert for itself"
    except UnknownColumnError:
        if cluster != "auto":
            raise
        answer = history.ask("resolution", keys={"series": names, "cluster": []}, params=params)
        said = SERVICE_DAY
    columns = answer.arrow()
    codes = columns["group_code"].to_numpy()
    clusters = np.arange(codes.size) if cluster is None else columns["cluster_code"].to_numpy().astype(np.int64)
    duration, resolved = columns["duration_us"].to_numpy(), columns["resolved"].to_numpy()
    groups = []
    for rows, key in zip(_split(codes, len(listed)), listed, strict=True):
        ordered = rows[np.argsort(duration[rows])]
        seconds = duration[ordered] / _US
        groups.append(Group(tuple(key), seconds, resolved[ordered], clusters[ordered], level))
    return groups, answer, said


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
    ending = [last for group, last in zip(heard, longest, strict=True) if not reaches(group.table, np.inf)]
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


def estimates(prefix: str, found: Sequence[Estimate], value: str | None = None) -> dict[str, pa.Array]:
    """Lay estimates out as three columns.

    Parameters
    ----------
    prefix : str
        ``median_`` gives ``median_s``, ``median_low_s``, ``median_high_s``.
    found : sequence of Estimate
        One a row.
    value : str, optional
        Another name for the first column.

    Returns
    -------
    dict of str to pyarrow.Array
        Null where a number is not known.
    """
    return {
        value or f"{prefix}s": known(one.value_s for one in found),
        f"{prefix}low_s": known(one.low_s for one in found),
        f"{prefix}high_s": known(one.high_s for one in found),
    }


def known(values: Iterable[float]) -> pa.Array:
    """Make a column of numbers, null where they are NaN."""
    return pa.array(np.fromiter(values, dtype=np.float64), pa.float64(), from_pandas=True)


def in_words(seconds: float, like: float | None = None) -> str:
    """Write a length of time in the unit that a person would use.

    Parameters
    ----------
    seconds : float
        At least 0.
    like : float, optional
        Another length whose unit to take, so that the two compare.

    Returns
    -------
    str
        ``45 s``, ``12 min``, ``3.5 h`` or ``2.31 d``: days from two days on, minutes from two minutes on.

    Examples
    --------
    >>> in_words(5400), in_words(45), in_words(200_000), in_words(5400, like=200_000)
    ('1.5 h', '45 s', '2.31 d', '0.0625 d')
    """
    leading = seconds if like is None else like
    for start, size, unit in _UNITS:
        if leading >= start:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"


def _split(codes: Ints, n_groups: int) -> list[Ints]:
    """Row numbers of each group."""
    narrow = np.int16 if n_groups < np.iinfo(np.int16).max else np.int64  # 16 bits are sorted by counting
    order = np.argsort(codes.astype(narrow), kind="stable")
    return np.split(order, np.cumsum(np.bincount(codes, minlength=n_groups))[:-1]) if n_groups else []
