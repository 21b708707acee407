"""From firings and outcomes to the canonical table, as it looks at the watermark."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from alert_analytics.alerts import ALERT_SCHEMA, AlertResolution, AlertStatus
from alert_analytics.simulation.firing import CAUSES, Firings, Ints
from alert_analytics.simulation.identity import Words, hex_text, mixed, seed_word
from alert_analytics.simulation.resolving import NEVER_MS, Outcomes
from alert_analytics.simulation.spec import SEVERITIES, HistorySpec

HANDLES = (
    "otter", "heron", "lynx", "wren", "badger", "osprey", "marten", "egret", "vole",
    "plover", "stoat", "curlew", "hare", "tern", "ibex", "kestrel", "dormouse", "avocet",
)  # fmt: skip
"""Those who answer alerts; three to a team."""

_TIME = pa.timestamp("us")
_STATUSES = [AlertStatus.FIRING.value, AlertStatus.ACKNOWLEDGED.value, AlertStatus.RESOLVED.value]
_RESOLUTIONS = [AlertResolution.MANUAL.value, AlertResolution.AUTOMATIC.value, None]
_ESCALATE_AFTER_MS = (1_800_000, 7_200_000)  # high and critical only: half an hour and two hours unanswered
_REASSIGNMENTS, _REOPENED_SHARE = 0.15, 0.02


@dataclass(frozen=True)
class _View:
    """What is known of each alert at the watermark."""

    spec: HistorySpec
    firings: Firings
    outcomes: Outcomes

    @cached_property
    def left_ms(self) -> Ints:
        """Milliseconds from each firing to the watermark."""
        return self.spec.days * 86_400_000 - self.firings.at_ms

    @cached_property
    def resolved(self) -> NDArray[np.bool_]:
        return self.outcomes.duration_ms < self.left_ms

    @cached_property
    def acknowledged(self) -> NDArray[np.bool_]:
        return self.outcomes.acknowledge_ms < self.left_ms

    @cached_property
    def host(self) -> Ints:
        """Number of the host within its service; a burst stays on one host."""
        services = {service.name: service.hosts for service in self.spec.services}
        n_hosts = np.array([services[rule.service] for rule in self.spec.rules], dtype=np.int64)
        word = mixed(self.firings.burst, self.firings.tenant, self.firings.rule)
        hosts: Ints = (word >> np.uint64(1)).astype(np.int64) % n_hosts[self.firings.rule]
        return hosts

    @cached_property
    def on_a_pod(self) -> NDArray[np.bool_]:
        """Whether an earlier alert of the same rule and host is still open when this one fires, or this one stays.

        One row is one firing span of one condition, so an overlapping alert needs a condition of its own. So
        does one that never resolves, its pod having gone; it would block its host's condition for ever.
        """
        never = self.outcomes.duration_ms == NEVER_MS
        most_hosts = max(service.hosts for service in self.spec.services)
        group = (self.firings.tenant * len(self.spec.rules) + self.firings.rule) * most_hosts + self.host
        order = np.argsort(group, kind="stable")
        rank = np.cumsum(np.diff(group[order], prepend=group[order][:1]) != 0)
        open_ms = np.where(never, 0, self.outcomes.duration_ms)
        end_ms = np.minimum(self.firings.at_ms + open_ms, NEVER_MS)[order] + rank * (2 * NEVER_MS)
        latest_ms = np.maximum.accumulate(end_ms)
        on_a_pod = np.zeros(group.size, dtype=np.bool_)
        on_a_pod[order[1:]] = latest_ms[:-1] > self.firings.at_ms[order[1:]] + rank[1:] * (2 * NEVER_MS)
        on_a_pod |= never
        return on_a_pod

    @cached_property
    def fingerprint(self) -> Words:
        """Identity of the condition: tenant, rule and host, and the pod where it has one of its own."""
        tenants = np.array([seed_word(tenant.name) for tenant in self.spec.tenants], dtype=np.uint64)
        rules = np.array([seed_word(rule.name) for rule in self.spec.rules], dtype=np.uint64)
        pod = np.where(self.on_a_pod, np.arange(1, self.host.size + 1), 0)
        return mixed(tenants[self.firings.tenant], rules[self.firings.rule], self.host, pod)

    def instant(self, after_ms: Ints, known: NDArray[np.bool_] | None = None) -> pa.Array:
        """Timestamps ``after_ms`` after each firing, null where not ``known``."""
        start_us = np.datetime64(self.spec.start, "us").astype(np.int64)
        at_us = start_us + 1000 * (self.firings.at_ms + after_ms)
        return pa.array(at_us, type=pa.int64(), mask=None if known is None else ~known).cast(_TIME)


def canonical_table(spec: HistorySpec, firings: Firings, outcomes: Outcomes, rng: np.random.Generator) -> pa.Table:
    """Assemble the canonical columns; a row per alert, ordered by ``fired_at``.

    Whatever would happen at or after the watermark has not happened: such an alert is open, with a
    null ``resolved_at`` and ``resolution``. ``observed_at`` is when the row last changed for good,
    the resolve, or the watermark while it is open, so the largest one is the watermark.
    """
    view = _View(spec, firings, outcomes)
    rule = firings.rule
    services = {service.name: service for service in spec.services}
    status = np.where(view.resolved, 2, np.where(view.acknowledged, 1, 0))
    resolution = np.where(outcomes.automatic, 1, 0)
    watermark = pa.scalar(spec.watermark, type=_TIME)
    n = rule.size
    message = [f"{r.name}: {r.metric} above {r.threshold:g} on {r.service}" for r in spec.rules]
    columns: dict[str, pa.Array] = {
        "tenant_id": _text([tenant.name for tenant in spec.tenants], firings.tenant),
        "alert_id": hex_text(mixed(view.fingerprint, firings.at_ms)),
        "source": _text(["simulation"], np.zeros(n, dtype=np.int64)),
        "origin": _text([f"{tenant.name}-{tenant.region}" for tenant in spec.tenants], firings.tenant),
        "fingerprint": hex_text(view.fingerprint),
        "rule": _text([r.name for r in spec.rules], rule),
        "service": _text([r.service for r in spec.rules], rule),
        "team": _text([services[r.service].team for r in spec.rules], rule),
        "severity": _text([r.severity for r in spec.rules], rule),
        "status": _text(_STATUSES, status),
        "message": _text(message if spec.descriptions else [None], rule if spec.descriptions else rule * 0),
        "fired_at": view.instant(np.zeros(n, dtype=np.int64)),
        "acknowledged_at": view.instant(outcomes.acknowledge_ms, view.acknowledged),
        "resolved_at": view.instant(outcomes.duration_ms, view.resolved),
        "resolution": _text(_RESOLUTIONS, np.where(view.resolved, resolution, 2)),
        "observed_at": view.instant(np.where(view.resolved, outcomes.duration_ms, view.left_ms)),
        "ingested_at": pa.repeat(watermark, n),
        **_handling(view, rng),
        **_description(view, rng),
    }
    return pa.table(columns, schema=ALERT_SCHEMA)


def latent_table(spec: HistorySpec, firings: Firings, outcomes: Outcomes) -> pa.Table:
    """Tabulate what no monitoring system could know: why each alert fired, and how long it would have taken.

    Row by row beside :func:`canonical_table`: ``cause`` (one of :data:`CAUSES`), ``burst`` (shared by an onset and its
    repeats), ``time_to_resolve_s`` (null where it never comes), ``incident`` (null for none).
    """
    never = outcomes.duration_ms == NEVER_MS
    return pa.table(
        {
            "cause": _text(list(CAUSES), firings.cause),
            "burst": pa.array(firings.burst),
            "time_to_resolve_s": pa.array(outcomes.duration_ms / 1000.0, mask=never),
            "incident": pa.array(outcomes.incident, mask=outcomes.incident < 0),
        }
    )


def _text(names: Sequence[str | None], codes: Ints) -> pa.Array:
    return pa.array(names, type=pa.string()).take(pa.array(codes))


def _handling(view: _View, rng: np.random.Generator) -> dict[str, pa.Array]:
    """Count what people and the pager did; escalation follows from nobody answering, nothing else."""
    n = view.resolved.size
    grave = np.array([SEVERITIES.index(rule.severity) >= 3 for rule in view.spec.rules])[view.firings.rule]
    unanswered_ms = np.minimum(np.minimum(view.outcomes.acknowledge_ms, view.outcomes.duration_ms), view.left_ms)
    escalations = sum(grave & (unanswered_ms > after_ms) for after_ms in _ESCALATE_AFTER_MS)
    reassignments = rng.poisson(_REASSIGNMENTS, n) * view.acknowledged
    counts = {
        "occurrences": np.ones(n),
        "escalations": escalations,
        "reassignments": reassignments,
        "reopens": (rng.random(n) < _REOPENED_SHARE) & view.resolved & ~view.outcomes.automatic,
        "notifications": 1 + escalations + reassignments,
    }
    return {name: pa.array(np.asarray(count, dtype=np.int64)) for name, count in counts.items()}


def _description(view: _View, rng: np.random.Generator) -> dict[str, pa.Array]:
    n = view.resolved.size
    if not view.spec.descriptions:
        none = np.zeros(n + 1, dtype=np.int32)
        return {
            "assignee": pa.nulls(n, pa.string()),
            "value": pa.nulls(n, pa.float64()),
            "labels": pa.MapArray.from_arrays(none, pa.array([], pa.string()), pa.array([], pa.string())),
            "metadata": pa.nulls(n, pa.string()),
        }
    rules = view.spec.rules
    teams = sorted({service.team for service in view.spec.services})
    team_of = {service.name: teams.index(service.team) for service in view.spec.services}
    team = np.array([team_of[rule.service] for rule in rules], dtype=np.int64)[view.firings.rule]
    handled = view.acknowledged | (view.resolved & ~view.outcomes.automatic)
    who = np.where(handled, (3 * team + rng.integers(3, size=n)) % len(HANDLES), len(HANDLES))
    threshold = np.array([rule.threshold for rule in rules])[view.firings.rule]
    conditions = {rule.name: f"{rule.metric} > {rule.threshold:g}" for rule in rules}
    texts = [json.dumps({"condition": text, "runbook": f"runbooks/{name}.md"}) for name, text in conditions.items()]
    return {
        "assignee": _text([*HANDLES, None], who),
        "value": pa.array(np.round(threshold * (1.0 + 0.3 * rng.standard_exponential(n)), 3)),
        "labels": _labels(view),
        "metadata": _text(texts, view.firings.rule),
    }


def _labels(view: _View) -> pa.Array:
    """Labels host and region on every row; pod and incident where there is one."""
    firings, incident = view.firings, view.outcomes.incident
    host_names = [f"{s.name}-{k + 1:02d}" for s in view.spec.services for k in range(s.hosts)]
    first_host = {s.name: sum(t.hosts for t in view.spec.services[:i]) for i, s in enumerate(view.spec.services)}
    host = np.array([first_host[rule.service] for rule in view.spec.rules], dtype=np.int64)[firings.rule] + view.host
    incidents = [f"INC-{number + 1:05d}" for number in range(int(incident.max(initial=-1)) + 1)]
    regions = [tenant.region for tenant in view.spec.tenants]
    pods = hex_text(view.fingerprint, digits=6).filter(pa.array(view.on_a_pod))
    pool = pa.concat_arrays([pa.array(host_names), pa.array(regions), pods, pa.array(incidents, pa.string())])
    starts = np.cumsum([0, len(host_names), len(regions), len(pods)])
    value = np.column_stack(
        [host, starts[1] + firings.tenant, starts[2] + np.cumsum(view.on_a_pod) - 1, starts[3] + incident]
    )
    present = np.ones(value.shape, dtype=np.bool_)
    present[:, 2], present[:, 3] = view.on_a_pod, incident >= 0
    offsets = np.concatenate([[0], np.cumsum(present.sum(axis=1))]).astype(np.int32)
    keys = _text(["host", "region", "pod", "incident"], np.broadcast_to(np.arange(4), value.shape)[present])
    return pa.MapArray.from_arrays(offsets, keys, pool.take(pa.array(value[present])))
