"""When alerts fire: onsets from a modulated Poisson process, repeats, storms and cascades."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from alert_analytics.simulation.spec import HistorySpec

CAUSES = ("background", "storm", "cascade", "repeat")
"""Why an alert fired; the codes in :attr:`Firings.cause` index this."""

_STEP_HOURS = 0.25
_DAY_S = 86_400.0
_MINIMUM_GAP = 0.25  # of the mean gap between repeats; the rest is exponential

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Firings:
    """One entry per alert, ordered by time, then tenant, then rule.

    Attributes
    ----------
    tenant, rule : ndarray of int64
        Positions in ``spec.tenants`` and ``spec.rules``.
    at_ms : ndarray of int64
        Milliseconds since ``spec.start``.
    burst : ndarray of int64
        Shared by an onset and its repeats.
    cause : ndarray of int64
        Position in :data:`CAUSES`.
    """

    tenant: Ints
    rule: Ints
    at_ms: Ints
    burst: Ints
    cause: Ints


@dataclass(frozen=True)
class _Batch:
    """Firings not yet ordered, times in seconds since the start."""

    tenant: Ints
    rule: Ints
    at_s: Floats
    burst: Ints
    cause: Ints

    def take(self, index: NDArray[np.int64] | NDArray[np.bool_]) -> _Batch:
        return _Batch(self.tenant[index], self.rule[index], self.at_s[index], self.burst[index], self.cause[index])


def fire(spec: HistorySpec, rng: np.random.Generator) -> Firings:
    """Draw every firing of a history up to its watermark.

    Background and storm onsets come first; each onset has its repeats; each firing of a cascade's
    leader may bring an onset of its follower, which has repeats and followers of its own.

    Parameters
    ----------
    spec : HistorySpec
        The history to draw.
    rng : numpy.random.Generator
        Used up in a fixed order, so that a seed fixes the outcome.

    Returns
    -------
    Firings
        Of every tenant.

    Notes
    -----
    Onsets of a service are a Poisson process with intensity rate x daily cycle x weekly cycle x load x trend, held
    constant over quarters of an hour, and drawn by inverting its integral. The
    load is common to all rules of a tenant, which over-disperses counts.
    """
    end_s = spec.days * _DAY_S
    onsets = _join([*_background(spec, rng), *_storms(spec, rng)])
    next_burst = onsets.burst.size
    generation = _with_repeats(spec, replace(onsets, burst=np.arange(next_burst)), rng)
    generations = [generation]
    while generation.at_s.size and spec.cascades:
        children = _followers(spec, generation, next_burst, rng)
        children = children.take(children.at_s < end_s)
        next_burst += children.burst.size
        generation = _with_repeats(spec, children, rng)
        generations.append(generation)
    everything = _join(generations)
    return _ordered(spec, everything.take(everything.at_s < end_s))


def load_factors(spec: HistorySpec, rng: np.random.Generator, at_hours: Floats) -> Floats:
    """Draw the shared load of each tenant at the given hours since the start; shape (tenants, hours).

    The AR(1) path lives on whole hours and is interpolated in between; its mean is 1.
    """
    n_nodes = spec.days * 24 + 2
    persistence = np.exp(-1.0 / spec.load_hours)
    shocks = rng.standard_normal((n_nodes, len(spec.tenants)))
    shocks[1:] *= np.sqrt(1.0 - persistence**2)
    for node in range(1, n_nodes):
        shocks[node] += persistence * shocks[node - 1]
    paths = [np.interp(at_hours, np.arange(n_nodes), path) for path in shocks.T]
    return np.exp(spec.load_sigma * np.array(paths) - spec.load_sigma**2 / 2.0)


def cycle(spec: HistorySpec, at_hours: Floats) -> Floats:
    """Daily times weekly multiplier at hours since the start; its mean over a whole week is 1."""
    midnight = spec.start.hour + spec.start.minute / 60.0 + spec.start.second / 3600.0
    hour = at_hours + midnight
    weekday = np.asarray(spec.start.weekday() + np.floor(hour / 24.0), dtype=np.int64) % 7
    weekly = np.asarray(spec.weekday_load) / np.mean(spec.weekday_load)
    daily = 1.0 + spec.daily_amplitude * np.cos(2.0 * np.pi * (hour - spec.peak_hour) / 24.0)
    factor: Floats = daily * weekly[weekday]
    return factor


def _background(spec: HistorySpec, rng: np.random.Generator) -> list[_Batch]:
    edges = np.arange(0.0, spec.days * 24.0 + _STEP_HOURS / 2, _STEP_HOURS)
    middles = (edges[:-1] + edges[1:]) / 2.0
    modulation = load_factors(spec, rng, middles) * cycle(spec, middles)
    batches = []
    for service in spec.services:
        members = np.array([i for i, rule in enumerate(spec.rules) if rule.service == service.name], dtype=np.int64)
        rates = np.array([spec.rules[i].per_day for i in members])
        if not rates.sum() > 0.0:
            continue
        trend = 1.0 + service.slope_per_day * (middles / 24.0 - spec.days / 2.0) / spec.own_per_day(service.name)
        for tenant, (owner, load) in enumerate(zip(spec.tenants, modulation, strict=True)):
            expected = np.concatenate([[0.0], np.cumsum(load * trend)]) * rates.sum() * owner.share * _STEP_HOURS / 24.0
            n = int(rng.poisson(expected[-1]))
            at_s = np.interp(rng.random(n) * expected[-1], expected, edges * 3600.0)
            which = np.searchsorted(np.cumsum(rates)[:-1], rng.random(n) * rates.sum(), side="right")
            zeros = np.zeros(n, dtype=np.int64)
            batches.append(_Batch(np.full(n, tenant), members[which], at_s, zeros, zeros))
    return batches


def _storms(spec: HistorySpec, rng: np.random.Generator) -> list[_Batch]:
    batches = []
    names = [tenant.name for tenant in spec.tenants]
    for storm in spec.storms:
        members = [i for i, rule in enumerate(spec.rules) if rule.service == storm.service and not rule.flapping]
        n = int(rng.poisson(storm.n_onsets))
        at_s = storm.at_day * _DAY_S + rng.random(n) * storm.hours * 3600.0
        rule = np.asarray(members, dtype=np.int64)[rng.integers(len(members), size=n)]
        tenant = np.full(n, names.index(storm.tenant))
        batches.append(_Batch(tenant, rule, at_s, np.zeros(n, dtype=np.int64), np.full(n, CAUSES.index("storm"))))
    return batches


def _join(batches: list[_Batch]) -> _Batch:
    empty = np.empty(0, dtype=np.int64)
    parts = [_Batch(empty, empty, empty.astype(np.float64), empty, empty), *batches]
    return _Batch(
        np.concatenate([part.tenant for part in parts]),
        np.concatenate([part.rule for part in parts]),
        np.concatenate([part.at_s for part in parts]),
        np.concatenate([part.burst for part in parts]),
        np.concatenate([part.cause for part in parts]),
    )


def _with_repeats(spec: HistorySpec, onsets: _Batch, rng: np.random.Generator) -> _Batch:
    mean_repeats = np.array([rule.repeats for rule in spec.rules])
    bursty = np.flatnonzero(mean_repeats[onsets.rule] > 0.0)
    if not bursty.size:
        return onsets
    source = onsets.take(bursty)
    n_repeats = rng.geometric(1.0 / (1.0 + mean_repeats[source.rule])) - 1
    parent = np.repeat(np.arange(bursty.size), n_repeats)
    mean_gap_s = np.array([rule.repeat_gap_s for rule in spec.rules])[source.rule][parent]
    gaps_s = mean_gap_s * (_MINIMUM_GAP + (1.0 - _MINIMUM_GAP) * rng.standard_exponential(parent.size))
    elapsed_s = np.concatenate([[0.0], np.cumsum(gaps_s)])
    before_burst = np.concatenate([[0], np.cumsum(n_repeats)])[:-1]
    since_onset_s = elapsed_s[1:] - elapsed_s[before_burst][parent]
    copies = source.take(parent)
    cause = np.full(parent.size, CAUSES.index("repeat"))
    return _join([onsets, _Batch(copies.tenant, copies.rule, copies.at_s + since_onset_s, copies.burst, cause)])


def _followers(spec: HistorySpec, generation: _Batch, next_burst: int, rng: np.random.Generator) -> _Batch:
    position = {rule.name: i for i, rule in enumerate(spec.rules)}
    batches = []
    for cascade in spec.cascades:
        leaders = np.flatnonzero(generation.rule == position[cascade.leader])
        leaders = leaders[rng.random(leaders.size) < cascade.probability]
        n = leaders.size
        lag_s = cascade.lag_s * np.exp(cascade.lag_sigma * rng.standard_normal(n))
        burst = np.arange(next_burst, next_burst + n)
        next_burst += n
        follower = np.full(n, position[cascade.follower])
        cause = np.full(n, CAUSES.index("cascade"))
        batches.append(_Batch(generation.tenant[leaders], follower, generation.at_s[leaders] + lag_s, burst, cause))
    return _join(batches)


def _ordered(spec: HistorySpec, batch: _Batch) -> Firings:
    """Order by time, tenant and rule; one integer key sorts several times faster than three."""
    at_ms = np.floor(batch.at_s * 1000.0).astype(np.int64)
    key = (at_ms * len(spec.tenants) + batch.tenant) * len(spec.rules) + batch.rule
    order = np.argsort(key, kind="stable")
    return Firings(batch.tenant[order], batch.rule[order], at_ms[order], batch.burst[order], batch.cause[order])
