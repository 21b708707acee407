"""What is seen of each alert for its performance, in arrays: when, how it ended, whether it fired again or flapped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

import numpy as np
import numpy.typing as npt

from alert_analytics.analytics.actions import Actions
from alert_analytics.analytics.durations import INCIDENT, SERVICE_DAY, renumbered
from alert_analytics.engine import Answer
from alert_analytics.engine.kernels.flapping import Flapping, flapping, refire_gaps
from alert_analytics.errors import UnknownColumnError
from alert_analytics.history import AlertHistory

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_EPOCH = datetime(1970, 1, 1)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Thresholds:
    """What counts as short, as fired again, and as flapping.

    Attributes
    ----------
    short, refire, check_every : timedelta
        An alert under `short` is short; one within `refire` of the end is fired again; states are checked so often.
    flap_high, flap_low : float
        Percentages at which flapping starts and stops.
    """

    short: timedelta
    refire: timedelta
    check_every: timedelta
    flap_high: float
    flap_low: float


@dataclass(frozen=True, eq=False)
class Seen:
    """The alerts of a history, sorted by condition and firing.

    Attributes
    ----------
    group, cluster, condition, incident, source : numpy.ndarray of int64, shape (n,)
        Codes; the incident is -1 where an alert has none, the source is one of a tenant.
    fired_us, end_us, acknowledged_us : numpy.ndarray of int64, shape (n,)
        Microseconds since 1970; the end is the watermark's where it is not over, the acknowledgement -1.
    is_over, is_acknowledged : numpy.ndarray of bool, shape (n,)
        By the watermark.
    ending : numpy.ndarray of int8, shape (n,)
        A code of :mod:`alert_analytics.analytics.actions`.
    occurrences : numpy.ndarray of float64, shape (n,)
        Firings folded into each.
    n_groups : int
        G.
    watermark_us, until_us : int
        Where open alerts are censored, and until when firings are known.
    """

    group: Ints = field(repr=False)
    cluster: Ints = field(repr=False)
    condition: Ints = field(repr=False)
    incident: Ints = field(repr=False)
    source: Ints = field(repr=False)
    fired_us: Ints = field(repr=False)
    end_us: Ints = field(repr=False)
    acknowledged_us: Ints = field(repr=False)
    is_over: Bools = field(repr=False)
    is_acknowledged: Bools = field(repr=False)
    ending: npt.NDArray[np.int8] = field(repr=False)
    occurrences: Floats = field(repr=False)
    n_groups: int
    watermark_us: int
    until_us: int

    @cached_property
    def cell(self) -> tuple[Ints, Ints]:
        """The group and cluster of each alert as one code, and the group of each such cell."""
        n_clusters = int(self.cluster.max(initial=-1)) + 1
        codes = renumbered(self.group * n_clusters + self.cluster)
        group = np.zeros(int(codes.max(initial=-1)) + 1, dtype=np.int64)
        group[codes] = self.group
        return codes, group

    @cached_property
    def actions(self) -> Actions:
        """What is known of people's doing."""
        return Actions.of(self.source, self.is_acknowledged, self.is_over, self.ending)

    @cached_property
    def follows(self) -> Bools:
        """Whether the row before is an earlier firing of the same condition."""
        found = np.zeros(self.condition.size, dtype=np.bool_)
        found[1:] = self.condition[1:] == self.condition[:-1]
        return found

    @cached_property
    def refire_us(self) -> Ints:
        """How long after each end its condition fired again; -1 where it did not."""
        return refire_gaps(self.condition, self.fired_us, self.end_us, self.is_over)

    def flapping(self, given: Thresholds) -> Flapping:
        """What Nagios' checks would have found."""
        latest = int(max(self.end_us.max(initial=self.watermark_us), self.fired_us.max(initial=self.watermark_us)))
        return flapping(
            self.condition,
            self.fired_us,
            self.end_us,
            self.is_over,
            until_us=max(latest, self.watermark_us),
            check_us=given.check_every // _MICROSECOND,
            high=given.flap_high,
            low=given.flap_low,
        )


def seen(history: AlertHistory, names: Sequence[str], of: str, cluster: str | None) -> tuple[Seen, Answer, str, bool]:
    """Read the alerts of a history.

    Parameters
    ----------
    history : AlertHistory
        What to read.
    names : sequence of str
        Columns or labels to group by.
    of : str
        The column or label that tells conditions apart.
    cluster : str or None
        As :meth:`ResolutionAnalysis.from_alerts` takes it.

    Returns
    -------
    seen : Seen
        The alerts.
    answer : Answer
        For its SQL.
    clusters : str
        What the clusters are, in words.
    has_incidents : bool
        Whether the history knows incidents.

    Raises
    ------
    UnknownColumnError
        A name that the history does not have.
    """
    params, keys = {"watermark": history.watermark}, {"series": names, "condition": [of]}
    by_label = [] if cluster is None else [INCIDENT if cluster == "auto" else cluster]
    if by_label and cluster != "auto":  # a wrong name is said, not taken for a history without incidents
        history.ask("resolution_groups", keys={"series": by_label})
    history.ask("resolution_groups", keys={"series": [*names, of]})
    said = f"{by_label[0]}, or {SERVICE_DAY} where it is missing" if by_label else "each alert for itself"
    try:
        answer = history.ask("performance", keys={**keys, "cluster": by_label, "incident": [INCIDENT]}, params=params)
        has_incidents = True
    except UnknownColumnError:
        by_label, said = ([], SERVICE_DAY) if cluster == "auto" else (by_label, said)
        answer = history.ask("performance", keys={**keys, "cluster": by_label, "incident": []}, params=params)
        has_incidents = False
    found = answer.arrow()
    columns = {name: found[name].to_numpy() for name in found.column_names}
    group = columns["group_code"].astype(np.int64)
    span, watermark = history.span, history.watermark
    return (
        Seen(
            group=group,
            cluster=np.arange(group.size) if cluster is None else columns["cluster_code"].astype(np.int64),
            condition=columns["condition_code"].astype(np.int64),
            incident=columns["incident_code"].astype(np.int64),
            source=columns["source_code"].astype(np.int64),
            fired_us=columns["fired_us"].astype(np.int64),
            end_us=columns["end_us"].astype(np.int64),
            acknowledged_us=columns["acknowledged_us"].astype(np.int64),
            is_over=columns["is_over"].astype(np.bool_),
            is_acknowledged=columns["is_acknowledged"].astype(np.bool_),
            ending=columns["ending"].astype(np.int8),
            occurrences=columns["occurrences"].astype(np.float64),
            n_groups=int(group.max(initial=-1)) + 1,
            watermark_us=in_us(watermark),
            until_us=in_us(span.end if span else watermark),
        ),
        answer,
        said,
        has_incidents,
    )


def in_us(moment: datetime | None) -> int:
    """Microseconds since 1970; 0 where there is no moment."""
    return 0 if moment is None else (moment - _EPOCH) // _MICROSECOND
