"""What each number of the performance means, in words: no number without its definition."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from alert_analytics.analytics.estimates import in_words
from alert_analytics.analytics.performance_seen import Thresholds

_Row = tuple[str, str, str]

SHARES = (
    *("automatic_share", "unacknowledged_share", "short_share", "refired_share", "actionable_share"),
    *("acknowledged_share", "flapping_share"),
)
"""Columns that are shares of alerts, each with an interval."""


def definitions(given: Thresholds, of: str, horizons_s: Mapping[str, float], cluster: str, level: float) -> pa.Table:
    """List the columns of a performance with unit and definition.

    Parameters
    ----------
    given : Thresholds
        What is short, and so on.
    of : str
        What tells conditions apart.
    horizons_s : mapping of str to float
        Of ``mtta`` and ``mttr``.
    cluster : str
        What the clusters are, in words.
    level : float
        Of the intervals.

    Returns
    -------
    pyarrow.Table
        ``metric``, ``unit``, ``definition``.
    """
    upto = {name: "" if h != h else f", of the first {in_words(h)} of each alert" for name, h in horizons_s.items()}
    interval = f"interval of {level:.0%}"
    rows = [*_volume(of, interval), *_noise(given, of), *_flapping(given, of), *_times(of, upto)]
    rows += [
        ("n_incidents", "incidents", "incidents that the alerts belong to; an alert without one is one by itself"),
        ("alerts_per_incident", "alerts", "n_alerts / n_incidents (compression)"),
        ("n_clusters_effective", "clusters", f"as many equal clusters would say as much; {interval} by {cluster}"),
    ]
    names, units, texts = zip(*rows, strict=True)
    return pa.table({"metric": list(names), "unit": list(units), "definition": list(texts)})


def _volume(of: str, interval: str) -> list[_Row]:
    unsaid = (
        "alerts of which nothing says whether a person acted: unacknowledged, and they ended and nothing says how, or "
        "their source tells of no acknowledgement and of no resolving by hand"
    )
    return [
        ("n_alerts", "alerts", "alerts fired in the span"),
        ("alerts_per_day", "1/d", f"alerts over the days of the span (at risk, if told); {interval} from whole days"),
        ("n_conditions", "conditions", f"different {of} (of one tenant and source) that fired"),
        ("n_occurrences", "firings", "firings folded into the alerts, as the source counted them"),
        ("occurrences_per_alert", "firings", "n_occurrences / n_alerts"),
        ("deduplication_ratio", "share", "1 - n_alerts / n_occurrences: firings that made no alert of their own"),
        ("n_open", "alerts", "alerts not resolved by the watermark"),
        ("n_unsaid", "alerts", unsaid),
    ]


def _noise(given: Thresholds, of: str) -> list[_Row]:
    short, refire = (in_words(each.total_seconds()) for each in (given.short, given.refire))
    automatic = "of ended alerts of which it is said how they ended: those that ended by themselves"
    soon = f"of alerts fired {short} or more before the watermark: resolved in less than {short}"
    refired = (
        f"of alerts that ended {refire} or more before the end of the span: those whose {of} fired again within "
        f"{refire} of the end"
    )
    acted = (
        "of ended alerts of which it is said how they ended, and whose source tells of people: those on which a person "
        "acted, by acknowledging or resolving by hand"
    )
    return [
        ("automatic_share", "share", automatic),
        ("unacknowledged_share", "share", "of ended alerts: those that nobody had acknowledged"),
        ("short_share", "share", soon),
        ("refired_share", "share", refired),
        ("actionable_share", "share", acted),
        ("acknowledged_share", "share", "of all alerts: acknowledged by the watermark (acknowledgement coverage)"),
    ]


def _flapping(given: Thresholds, of: str) -> list[_Row]:
    check = in_words(given.check_every.total_seconds())
    flapping = (
        f"of all alerts: those that fired while their {of} was flapping (Nagios: of the last 21 states, checked at "
        f"each change and every {check}, a weighted percentage of changes that started at {given.flap_high:g} % "
        f"and has not been down to {given.flap_low:g} %)"
    )
    return [
        ("flapping_share", "share", flapping),
        ("n_flapping", "conditions", f"different {of} with such an alert"),
        ("flapping_s", "s", "time spent flapping, added up over conditions"),
    ]


def _times(of: str, upto: Mapping[str, str]) -> list[_Row]:
    mtta = f"MTTA: mean time from firing to acknowledgement{upto['mtta']}; unacknowledged ones are censored"
    mtbf = (
        f"MTBF: mean time between consecutive firings of a {of}; what the span cuts off is not in it: it grows with it"
    )
    return [
        ("mtta_s", "s", mtta),
        ("mttr_s", "s", f"MTTR: mean time from firing to resolve{upto['mttr']}; open alerts are censored"),
        ("mtbf_s", "s", mtbf),
    ]
