"""The numbers of each group's performance, from what was seen of its alerts; each with its standard error."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from alert_analytics.analytics.actions import AUTOMATIC, UNSAID
from alert_analytics.analytics.estimates import in_words, known
from alert_analytics.analytics.metric import Metric
from alert_analytics.analytics.performance_seen import Seen, Thresholds
from alert_analytics.engine.kernels.flapping import Flapping
from alert_analytics.stats.share import Shares, clustered_means, clustered_shares

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_US = 1e6
_UNITS = {"_share": "share", "_per_day": "1/d", "_per_week": "1/week", "_s": "s"}


@dataclass(frozen=True, eq=False)
class Measure:
    """One number of every group; NaN where it, or an end, is not known.

    Attributes
    ----------
    value, standard_error, low, high : numpy.ndarray of float64, shape (G,)
        With its interval.
    n_clusters : numpy.ndarray of float64, shape (G,)
        The effective number of clusters behind the standard error.
    """

    value: Floats
    standard_error: Floats = field(repr=False)
    low: Floats = field(repr=False)
    high: Floats = field(repr=False)
    n_clusters: Floats = field(repr=False)

    @classmethod
    def of(cls, found: Shares) -> Measure:
        """A share or a mean by clusters."""
        return cls(found.share, found.standard_error, found.low, found.high, found.n_clusters)


def summed(seen: Seen, values: npt.NDArray[np.generic]) -> Floats:
    """Add up over the alerts of each group."""
    total = np.bincount(seen.group, weights=values.astype(np.float64), minlength=seen.n_groups)
    return total.astype(np.float64)


def shares(seen: Seen, given: Thresholds, flaps: Flapping, level: float) -> dict[str, Measure]:
    """Give the shares of alerts that are noise, and of those that somebody acted on.

    Parameters
    ----------
    seen : Seen
        The alerts.
    given : Thresholds
        What is short, and fired again.
    flaps : Flapping
        Of these alerts.
    level : float
        Coverage of the intervals.

    Returns
    -------
    dict of str to Measure
        By the name of the column. Each is of the alerts for which it can be known at the watermark whether it holds:
        what would be known of one answer only is left out.
    """
    short_us, refire_us = (round(each.total_seconds() * _US) for each in (given.short, given.refire))
    over, acknowledged = seen.is_over, seen.is_acknowledged
    refired = (seen.refire_us >= 0) & (seen.refire_us <= refire_us)
    conditions: dict[str, tuple[Bools, Bools]] = {
        "automatic_share": (seen.ending == AUTOMATIC, over & (seen.ending != UNSAID)),
        "unacknowledged_share": (~acknowledged, over),
        "short_share": (over & (seen.end_us - seen.fired_us < short_us), seen.fired_us <= seen.watermark_us - short_us),
        "refired_share": (refired, over & (seen.end_us + refire_us <= seen.until_us)),
        "actionable_share": (seen.actions.is_acted_on, over & (seen.ending != UNSAID) & seen.actions.tells),
        "acknowledged_share": (acknowledged, np.ones_like(over)),
        "flapping_share": (flaps.flaps, np.ones_like(over)),
    }
    if not acknowledged.any():  # the source may not say so: this is not the same as "never"
        nothing = np.zeros_like(over)
        conditions |= dict.fromkeys(("unacknowledged_share", "acknowledged_share"), (nothing, nothing))
    if not seen.follows.any():
        nothing = np.zeros_like(over)
        conditions |= dict.fromkeys(("refired_share", "flapping_share"), (nothing, nothing))
    codes, group = seen.cell
    found = {}
    for name, (holds, among) in conditions.items():
        hits = np.bincount(codes, weights=holds & among, minlength=group.size)
        of = np.bincount(codes, weights=among, minlength=group.size)
        found[name] = Measure.of(clustered_shares(hits, of, group, seen.n_groups, level))
    return found


def between_firings(seen: Seen, level: float) -> Measure:
    """Give the mean time between consecutive firings of a condition, in seconds.

    Parameters
    ----------
    seen : Seen
        The alerts.
    level : float
        Coverage of the interval.

    Returns
    -------
    Measure
        A gap counts to the group and the cluster of the later firing.
    """
    gap_s = np.zeros(seen.fired_us.size)
    gap_s[1:] = np.diff(seen.fired_us) / _US
    codes, group = seen.cell
    total = np.bincount(codes, weights=np.where(seen.follows, gap_s, 0.0), minlength=group.size)
    count = np.bincount(codes, weights=seen.follows, minlength=group.size)
    return Measure.of(clustered_means(total, count, group, seen.n_groups, level))


def incidents(seen: Seen) -> Floats:
    """Count the incidents of each group; an alert without one is an incident by itself."""
    told = seen.incident >= 0
    n = int(seen.incident.max(initial=-1)) + 1
    pairs = np.unique(seen.group[told] * max(n, 1) + seen.incident[told]) // max(n, 1)
    return np.bincount(pairs, minlength=seen.n_groups) + summed(seen, ~told)


def conditions(seen: Seen, among: Bools | None = None) -> Floats:
    """Count the conditions of each group, of the alerts `among` alone where given."""
    n = int(seen.condition.max(initial=-1)) + 1
    kept = slice(None) if among is None else among
    pairs = np.unique(seen.group[kept] * max(n, 1) + seen.condition[kept]) // max(n, 1)
    return np.bincount(pairs, minlength=seen.n_groups).astype(np.float64)


def metrics(
    measures: Mapping[str, Measure], keys: Sequence[tuple[str | None, ...]], horizons_s: Mapping[str, float | None]
) -> list[Metric]:
    """List measures one by one, as they are compared.

    Parameters
    ----------
    measures : mapping of str to Measure
        By column.
    keys : sequence of tuple
        What the groups are called.
    horizons_s : mapping of str to float or None
        Of columns that are means up to a horizon: means up to different ones do not compare, and so have other names.

    Returns
    -------
    list of Metric
        One a measure and group; shares change by a difference, rates and times by a ratio.
    """
    found = []
    for column, one in measures.items():
        upto = horizons_s.get(column)
        unit = next((unit for end, unit in _UNITS.items() if column.endswith(end)), "")
        name = f"{column} of the first {in_words(upto)}" if upto else column
        columns = (one.value, one.low, one.high, one.n_clusters)
        for key, value, low, high, n in zip(keys, *(known(each).to_pylist() for each in columns), strict=True):
            degrees = float("inf") if n is None else max(n - 1, 1.0)
            found.append(Metric(key, name, unit, value, low, high, unit != "share", degrees))
    return found


def notes(seen: Seen, found: dict[str, Measure], *, has_incidents: bool, days: float) -> list[str | None]:
    """Say of each group why a number is missing; None where none is."""
    reasons = list(_reasons(seen, found, has_incidents, days))
    given = np.zeros(seen.n_groups, dtype=np.int64)  # a bit a reason: among very many groups few sets of them occur
    for i, (where, _) in enumerate(reasons):
        given |= np.broadcast_to(where, seen.n_groups).astype(np.int64) << i
    sets, place = np.unique(given, return_inverse=True)
    texts = ["; ".join(why for i, (_, why) in enumerate(reasons) if one >> i & 1) or None for one in sets.tolist()]
    return [texts[i] for i in place.tolist()]


def _reasons(
    seen: Seen, found: dict[str, Measure], has_incidents: bool, days: float
) -> Iterator[tuple[Bools | bool, str]]:
    over, acknowledged = summed(seen, seen.is_over), summed(seen, seen.is_acknowledged)
    twice = bool(seen.follows.any())
    if days <= 0:
        yield True, "no alerts a day: the history spans no time"
    else:
        yield np.isnan(found["alerts_per_day"].low), "no interval of alerts a day: too few days"
    yield over == 0, "no alert has ended"
    ended = over > 0
    yield ended & np.isnan(found["automatic_share"].value), "how alerts ended is not said"
    if not seen.is_acknowledged.any():
        yield True, "no alert of this history is acknowledged: its source may not say"
    else:
        yield acknowledged == 0, "no time to acknowledge: no alert is acknowledged"
    yield np.isnan(found["mttr_s"].value) & ended, "no MTTR: not followed up to the horizon"
    yield np.isnan(found["mtta_s"].value) & (acknowledged > 0), "no MTTA: not followed up to the horizon"
    if not twice:
        yield True, "no condition fires twice, so nothing is said of firing again; of= may name what does"
    else:
        yield np.isnan(found["mtbf_s"].value), "no MTBF: no condition fires twice"
        yield np.isnan(found["refired_share"].value) & ended, "not long enough after an end to see it fire again"
    alone = found["acknowledged_share"].n_clusters if seen.is_acknowledged.any() else None
    if alone is not None:
        yield alone <= 1, "no intervals: all alerts are of one cluster"
    if not has_incidents:
        yield True, "no incidents are told, so nothing is said of compression"
