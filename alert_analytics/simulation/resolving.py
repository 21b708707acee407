"""When alerts are acknowledged and resolved, and which resolve together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alert_analytics.simulation.firing import Firings, Floats, Ints
from alert_analytics.simulation.spec import SEVERITIES, HistorySpec

NEVER_MS = np.int64(1) << np.int64(40)
"""Stands for "never" among durations: 35 years, in milliseconds."""

ACKNOWLEDGED_SHARE = 0.85
"""Share of alerts that somebody acknowledges, if they stay open long enough."""

ACKNOWLEDGE_RATIO = 0.1
"""Median time to acknowledge over the median time to resolve of the same severity."""

_FLAP_UP_LOW, _FLAP_UP_HIGH = 0.2, 0.8  # share of the gap to the next firing that a flapping alert stays up


@dataclass(frozen=True)
class Outcomes:
    """What becomes of each alert if it is watched for ever, aligned with the firings.

    Attributes
    ----------
    duration_ms : ndarray of int64
        Milliseconds from firing to resolve, :data:`NEVER_MS` where it never comes.
    acknowledge_ms : ndarray of int64
        Milliseconds from firing to acknowledgement, :data:`NEVER_MS` where nobody does.
    automatic : ndarray of bool
        Whether it resolves by itself.
    incident : ndarray of int64
        Number of the incident that the alert resolves with, from 0 in order of opening; -1 for none.
    """

    duration_ms: Ints
    acknowledge_ms: Ints
    automatic: NDArray[np.bool_]
    incident: Ints


def resolve(spec: HistorySpec, firings: Firings, rng: np.random.Generator) -> Outcomes:
    """Draw the outcome of every firing, without regard to the watermark.

    Parameters
    ----------
    spec : HistorySpec
        Gives the laws of the durations, the share of automatic resolutions, and the incidents' gap.
    firings : Firings
        In order of time.
    rng : numpy.random.Generator
        Used up in a fixed order.

    Returns
    -------
    Outcomes
        Latent ones: censoring at the watermark is the reader's.

    Notes
    -----
    Consecutive alerts of one tenant, service and severity no more than ``incident_gap_s`` apart
    form a chain. Its first alert's duration decides when the incident ends; members are those
    that fire before that end, and they all resolve at it. Later ones in the chain stay alone. Nothing
    about an alert depends on what fires after it.
    """
    severity = np.array([SEVERITIES.index(rule.severity) for rule in spec.rules], dtype=np.int64)[firings.rule]
    flapping = np.array([rule.flapping for rule in spec.rules])[firings.rule]
    alone_ms = _durations_ms(spec, severity, rng)
    automatic = rng.random(severity.size) < spec.automatic_share
    acknowledge_ms = _acknowledgements_ms(spec, severity, rng)
    duration_ms, incident = _gather(spec, firings, severity, flapping, alone_ms)
    _flap(spec, firings, flapping, duration_ms, rng)
    automatic = (automatic & (incident < 0)) | flapping
    acknowledge_ms[(acknowledge_ms >= duration_ms) | flapping] = NEVER_MS
    outcomes = Outcomes(duration_ms, acknowledge_ms, automatic, incident)
    _misbehave(spec, firings, outcomes, rng)
    return outcomes


def _misbehave(spec: HistorySpec, firings: Firings, outcomes: Outcomes, rng: np.random.Generator) -> None:
    """Overwrite the outcomes of rules that nobody attends to; where there is none, nothing is drawn."""
    share = np.array([rule.transient_share for rule in spec.rules])[firings.rule]
    rows = np.flatnonzero(share > 0.0)
    if rows.size:
        rows = rows[rng.random(rows.size) < share[rows]]
        median_ms = 1000.0 * np.array([rule.transient_s for rule in spec.rules])[firings.rule[rows]]
        outcomes.duration_ms[rows] = np.maximum(1, median_ms * np.exp(0.5 * rng.standard_normal(rows.size)))
        outcomes.automatic[rows] = True
        outcomes.acknowledge_ms[rows] = NEVER_MS
        outcomes.incident[rows] = -1
    ignored, cleared = (
        np.array([getattr(rule, name) for rule in spec.rules])[firings.rule] for name in ("ignored", "cleared_by_hand")
    )
    outcomes.acknowledge_ms[ignored | cleared] = NEVER_MS
    outcomes.automatic[ignored] = True
    outcomes.automatic[cleared] = False


def _durations_ms(spec: HistorySpec, severity: Ints, rng: np.random.Generator) -> Ints:
    """Draw from the spliced law of each severity; at least a second, rarely never."""
    median, sigma, splice, alpha, z_splice = _law_table(spec)[:, severity]
    z = rng.standard_normal(severity.size)
    seconds = median * np.exp(sigma * z)
    in_tail = z > z_splice
    # Given the tail, which has the probability tail_share, the excess over the splice is Pareto.
    seconds[in_tail] = splice[in_tail] * (1.0 - rng.random(int(in_tail.sum()))) ** (-1.0 / alpha[in_tail])
    milliseconds: Ints = np.minimum(np.maximum(seconds, 1.0) * 1000.0, float(NEVER_MS)).astype(np.int64)
    milliseconds[rng.random(severity.size) < spec.never_resolved] = NEVER_MS
    return milliseconds


def _law_table(spec: HistorySpec) -> Floats:
    """Parameters of the resolution law, shape (5, number of severities); one that no rule uses stays 1."""
    table = np.ones((5, len(SEVERITIES)))
    for name, law in spec.resolution.items():
        z_splice = np.log(law.splice_s / law.median_s) / law.sigma
        table[:, SEVERITIES.index(name)] = law.median_s, law.sigma, law.splice_s, law.tail_alpha, z_splice
    return table


def _acknowledgements_ms(spec: HistorySpec, severity: Ints, rng: np.random.Generator) -> Ints:
    median_s = ACKNOWLEDGE_RATIO * _law_table(spec)[0, severity]
    seconds = np.maximum(median_s * np.exp(rng.standard_normal(severity.size)), 1.0)
    milliseconds: Ints = (seconds * 1000.0).astype(np.int64)
    milliseconds[rng.random(severity.size) >= ACKNOWLEDGED_SHARE] = NEVER_MS
    return milliseconds


def _gather(
    spec: HistorySpec, firings: Firings, severity: Ints, flapping: NDArray[np.bool_], alone_ms: Ints
) -> tuple[Ints, Ints]:
    """Let the members of each incident end together; durations and incident numbers."""
    duration_ms = alone_ms.copy()
    incident = np.full(alone_ms.size, -1, dtype=np.int64)
    eligible = np.flatnonzero(~flapping)
    if not spec.incident_gap_s > 0.0 or not eligible.size:
        return duration_ms, incident
    services = [service.name for service in spec.services]
    service_of = np.array([services.index(rule.service) for rule in spec.rules], dtype=np.int64)[firings.rule]
    key = (firings.tenant * len(services) + service_of) * len(SEVERITIES) + severity
    order = eligible[np.argsort(key[eligible], kind="stable")]
    at_ms = firings.at_ms[order]
    opens = np.ones(order.size, dtype=np.bool_)
    opens[1:] = (key[order][1:] != key[order][:-1]) | (np.diff(at_ms) > spec.incident_gap_s * 1000.0)
    first = np.flatnonzero(opens)[np.cumsum(opens) - 1]
    end_ms = at_ms[first] + alone_ms[order][first]
    member = at_ms < end_ms
    member[first] = False
    joined = np.zeros(order.size, dtype=np.bool_)
    joined[first[member]] = True
    member |= joined
    forever = alone_ms[order][first] == NEVER_MS
    duration_ms[order[member]] = np.where(forever, NEVER_MS, end_ms - at_ms)[member]
    # Numbered by when they open: the row of the first alert is the order of time.
    incident[order[member]] = np.unique(order[first[member]], return_inverse=True)[1]
    return duration_ms, incident


def _flap(
    spec: HistorySpec, firings: Firings, flapping: NDArray[np.bool_], duration_ms: Ints, rng: np.random.Generator
) -> None:
    """Overwrite the durations of flapping alerts: each ends before the next of its burst begins."""
    rows = np.flatnonzero(flapping)
    order = rows[np.argsort(firings.burst[rows], kind="stable")]
    gap_ms = np.array([rule.repeat_gap_s * 1000.0 for rule in spec.rules])[firings.rule[order]]
    same = firings.burst[order][1:] == firings.burst[order][:-1]
    gap_ms[:-1][same] = np.diff(firings.at_ms[order])[same]
    up = _FLAP_UP_LOW + (_FLAP_UP_HIGH - _FLAP_UP_LOW) * rng.random(order.size)
    duration_ms[order] = np.maximum(1, (up * gap_ms).astype(np.int64))
