"""What was planted in a history, in the words of the answers that should find it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import numpy as np

from alert_analytics.simulation.firing import CAUSES, Firings, Floats
from alert_analytics.simulation.resolving import NEVER_MS, Outcomes
from alert_analytics.simulation.spec import SEVERITIES, HistorySpec

UNITS = {
    "slope_per_day": "alerts per day, per day",
    "mean_per_day": "alerts per day",
    "probability": "share of the leader's firings",
    "*_s": "seconds",
    "start, end, watermark": "naive UTC, ISO 8601",
}


def history_truth(spec: HistorySpec, seed: int, firings: Firings, outcomes: Outcomes) -> dict[str, Any]:
    """Say what was planted; a dictionary that JSON can hold.

    Parameters
    ----------
    spec : HistorySpec
        The description that was drawn from.
    seed : int
        Recorded as it is.
    firings, outcomes : Firings, Outcomes
        What was drawn, for the counts and the latent quantiles.

    Returns
    -------
    dict
        ``trends``, ``cascades``, ``bursty_rules``, ``flapping_rules``, ``storms``, ``resolution``, and what
        identifies the history: ``seed``, ``start``, ``watermark``, ``days``, ``n_alerts``, ``n_open``, ``n_incidents``,
        ``units``.
    """
    open_at_end = outcomes.duration_ms >= spec.days * 86_400_000 - firings.at_ms
    return {
        "seed": seed,
        "units": UNITS,
        "start": spec.start.isoformat(),
        "watermark": spec.watermark.isoformat(),
        "days": spec.days,
        "n_alerts": int(firings.rule.size),
        "n_open": int(open_at_end.sum()),
        "n_incidents": int(outcomes.incident.max(initial=-1)) + 1,
        "never_resolved": spec.never_resolved,
        "trends": _trends(spec),
        "cascades": [
            {
                "leader": cascade.leader,
                "follower": cascade.follower,
                "probability": cascade.probability,
                "median_lag_s": cascade.lag_s,
                "p95_lag_s": round(cascade.lag_quantile(0.95), 1),
            }
            for cascade in spec.cascades
        ],
        "bursty_rules": [
            {"rule": rule.name, "mean_repeats": rule.repeats, "repeat_gap_s": rule.repeat_gap_s}
            for rule in spec.rules
            if rule.repeats > 0.0 and not rule.flapping
        ],
        "flapping_rules": [rule.name for rule in spec.rules if rule.flapping],
        "storms": _storms(spec, firings),
        "resolution": _resolution(spec, firings, outcomes),
    }


def firings_per_day(spec: HistorySpec, onsets_per_day: Mapping[str, float]) -> dict[str, float]:
    """Mean firings a day of each rule, given its spontaneous onsets: repeats and cascades added.

    Notes
    -----
    With m the mean firings of an onset (1 + repeats), b the onsets and P the cascades' probabilities, the mean
    firings f solve f = m (b + P' f), the stationary mean of a branching process with immigration.
    """
    names = [rule.name for rule in spec.rules]
    burst_size = np.array([1.0 + rule.repeats for rule in spec.rules])
    own = burst_size * np.array([onsets_per_day[name] for name in names])
    firings: Floats = own.copy()
    involved = sorted({names.index(name) for c in spec.cascades for name in (c.leader, c.follower)})
    brings = np.zeros((len(involved), len(involved)))
    for c in spec.cascades:
        follower = names.index(c.follower)
        brings[involved.index(follower), involved.index(names.index(c.leader))] += burst_size[follower] * c.probability
    firings[involved] = np.linalg.solve(np.eye(len(involved)) - brings, own[involved])
    return dict(zip(names, firings.tolist(), strict=True))


def _trends(spec: HistorySpec) -> list[dict[str, Any]]:
    """Slope and mean of each service and tenant, storms left out."""
    slope_of = {s.name: s.slope_per_day / (spec.own_per_day(s.name) or 1.0) for s in spec.services}
    mean = firings_per_day(spec, {rule.name: rule.per_day for rule in spec.rules})
    slope = firings_per_day(spec, {rule.name: rule.per_day * slope_of[rule.service] for rule in spec.rules})
    rows = []
    for tenant in spec.tenants:
        for service in spec.services:
            rules = [rule.name for rule in spec.rules if rule.service == service.name]
            rows.append(
                {
                    "tenant_id": tenant.name,
                    "service": service.name,
                    "slope_per_day": round(tenant.share * sum(slope[name] for name in rules), 6),
                    "mean_per_day": round(tenant.share * sum(mean[name] for name in rules), 6),
                }
            )
    return rows


def _storms(spec: HistorySpec, firings: Firings) -> list[dict[str, Any]]:
    tenants = [tenant.name for tenant in spec.tenants]
    rows = []
    for storm in spec.storms:
        start = spec.start + timedelta(days=storm.at_day)
        end = start + timedelta(hours=storm.hours)
        members = [i for i, rule in enumerate(spec.rules) if rule.service == storm.service]
        at_days = firings.at_ms / 86_400_000.0
        inside = (at_days >= storm.at_day) & (at_days < storm.at_day + storm.hours / 24.0)
        inside &= np.isin(firings.rule, members) & (firings.tenant == tenants.index(storm.tenant))
        rows.append(
            {
                "tenant_id": storm.tenant,
                "service": storm.service,
                "start": start.isoformat(),
                "end": end.isoformat(),
                "n_alerts": int(inside.sum()),
                "n_onsets": int((inside & (firings.cause == CAUSES.index("storm"))).sum()),
            }
        )
    return rows


def _resolution(spec: HistorySpec, firings: Firings, outcomes: Outcomes) -> list[dict[str, Any]]:
    """Quantiles of the time to resolve: of the planted law, and of these alerts had they been watched for ever.

    The planted law is that of an alert outside incidents and flapping, those that never resolve counted as
    longer than any time; null where only flapping rules have the severity.
    """
    severity = np.array([SEVERITIES.index(rule.severity) for rule in spec.rules], dtype=np.int64)[firings.rule]
    rows: list[dict[str, Any]] = []
    for code, name in enumerate(SEVERITIES):
        durations_ms = np.sort(outcomes.duration_ms[severity == code])
        if not durations_ms.size:
            continue
        row: dict[str, Any] = {"severity": name, "n_alerts": int(durations_ms.size)}
        for label, q in (("median_s", 0.5), ("p90_s", 0.9)):
            resolving = q / (1.0 - spec.never_resolved)
            latent_ms = int(durations_ms[int(np.ceil(q * durations_ms.size)) - 1])
            planted = resolving < 1.0 and any(rule.severity == name and not rule.flapping for rule in spec.rules)
            row[label] = round(spec.resolution[name].quantile(resolving), 3) if planted else None
            row[f"latent_{label}"] = latent_ms / 1000.0 if latent_ms < NEVER_MS else None
        rows.append(row)
    return rows
