"""Metric series of a few machines, with labelled anomalies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from alert_analytics.errors import HistoryError
from alert_analytics.simulation.firing import Floats

KINDS = ("spike", "level_shift", "correlation_break")
"""Kinds of planted anomalies."""

_EXTENT = {"spike": (1, 3, 0.0, 0.25), "level_shift": (1, 2, 2.0, 6.0), "correlation_break": (2, 3, 3.0, 6.0)}
# Fewest and most columns, shortest and longest hours.


@dataclass(frozen=True)
class MetricColumn:
    """One metric: ``base + gain * load + noise * AR(1)``, never below zero.

    ``gain`` is how far the metric moves with the entity's load, whose standard deviation is about 1, ``noise`` how far
    by itself, both in the metric's unit.
    """

    name: str
    base: float
    gain: float
    noise: float


@dataclass(frozen=True)
class MetricSpec:
    """Everything that decides simulated metric series, but for the seed.

    Attributes
    ----------
    entities : tuple of str
        Names of the machines.
    columns : tuple of MetricColumn
        Their metrics; all follow one load per entity, which correlates them.
    start : datetime
        Naive UTC time of the first step.
    days, step_s : int
        Length in days; seconds between rows.
    quiet_days : float
        No anomaly begins before this day, so that a model can learn what is normal.
    spikes, level_shifts, correlation_breaks : int
        Anomalies of each kind per entity.
    """

    entities: tuple[str, ...]
    columns: tuple[MetricColumn, ...]
    start: datetime = datetime(2024, 1, 1)
    days: int = 14
    step_s: int = 300
    quiet_days: float = 6.0
    spikes: int = 6
    level_shifts: int = 3
    correlation_breaks: int = 3

    def __post_init__(self) -> None:
        """Refuse a series too short for its anomalies."""
        if self.slot < 24:
            raise HistoryError(
                f"MetricSpec: {len(self.kinds)} anomalies leave {self.slot} steps to each, expected at least 24.",
                hint="plant fewer, or make the series longer.",
            )

    @property
    def n_steps(self) -> int:
        """Rows per entity."""
        return self.days * 86_400 // self.step_s

    @property
    def quiet_steps(self) -> int:
        """Rows per entity before the first anomaly may begin."""
        return round(self.quiet_days * 86_400 / self.step_s)

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kind of every anomaly of an entity, not in order of time."""
        return (KINDS[0],) * self.spikes + (KINDS[1],) * self.level_shifts + (KINDS[2],) * self.correlation_breaks

    @property
    def slot(self) -> int:
        """Steps of the part of the series that each anomaly has to itself."""
        return (self.n_steps - self.quiet_steps) // max(1, len(self.kinds))


@dataclass(frozen=True)
class SimulatedMetrics:
    """Drawn metric series, and where they are anomalous.

    Attributes
    ----------
    table : pyarrow.Table
        ``entity``, ``t`` (naive UTC, microseconds), one column per metric, ``label`` (1 in an anomaly, else
        0); ordered by entity, then time.
    truth : dict
        ``anomalies``: entity, kind, columns, start (inclusive) and end (exclusive) of each; and the seed.
    """

    table: pa.Table
    truth: dict[str, Any]


def simulate_metrics(spec: MetricSpec, seed: int) -> SimulatedMetrics:
    """Draw metric series with a daily cycle, correlated columns and labelled anomalies.

    Parameters
    ----------
    spec : MetricSpec
        What to draw.
    seed : int
        The same spec and seed give the same rows.

    Returns
    -------
    SimulatedMetrics
        Table and truth.

    Notes
    -----
    The load is a daily cosine (variance .5) plus an AR(1) with variance .5 and a correlation time of two hours.
    A *spike* adds 6 to 10 noise standard deviations to one to three columns for one to three steps. A *level shift*
    adds 4 to 6 of them to one or two columns for two to six hours. A *correlation break* lets two or three columns,
    never all, follow another load, whose day is opposite, for three to six hours: each stays in its range.
    """
    rng = np.random.default_rng(seed)
    tables, anomalies = [], []
    stamps = np.datetime64(spec.start, "us") + np.arange(spec.n_steps) * np.timedelta64(spec.step_s, "s")
    for entity in spec.entities:
        values, planted = _entity(spec, rng)
        label = np.zeros(spec.n_steps, dtype=np.int8)
        for anomaly in planted:
            first, last = anomaly.pop("steps")
            label[first:last] = 1
            times = [spec.start + timedelta(seconds=spec.step_s * int(step)) for step in (first, last)]
            anomalies.append({"entity": entity, **anomaly, "start": times[0].isoformat(), "end": times[1].isoformat()})
        named = {column.name: pa.array(values[:, j]) for j, column in enumerate(spec.columns)}
        who = pa.repeat(entity, spec.n_steps)
        tables.append(pa.table({"entity": who, "t": pa.array(stamps), **named, "label": label}))
    truth = {"seed": seed, "step_s": spec.step_s, "quiet_days": spec.quiet_days, "anomalies": anomalies}
    return SimulatedMetrics(pa.concat_tables(tables).combine_chunks(), truth)


def _entity(spec: MetricSpec, rng: np.random.Generator) -> tuple[Floats, list[dict[str, Any]]]:
    """Values, shape (steps, columns), and the anomalies of one entity, their steps half-open."""
    peak_hour = rng.uniform(12.0, 16.0)
    load = _load(spec, rng, peak_hour)
    other = _load(spec, rng, peak_hour + 12.0)  # an opposite day, lest a break be invisible
    gain = np.array([column.gain for column in spec.columns])
    noise = np.array([column.noise for column in spec.columns])
    own = noise * _ar1(rng, spec.n_steps, len(spec.columns), persistence=0.6)
    values: Floats = np.array([column.base for column in spec.columns]) + gain * load[:, None] + own
    planted: list[dict[str, Any]] = []
    for kind, first in _places(spec, rng):
        fewest, most, shortest_h, longest_h = _EXTENT[kind]
        most = min(most, len(spec.columns) - (kind == "correlation_break"))  # all together would break nothing
        chosen = np.sort(rng.permutation(len(spec.columns))[: rng.integers(min(fewest, most), most + 1)])
        length = max(1, round(rng.uniform(shortest_h, longest_h) * 3600.0 / spec.step_s))
        last = first + min(length, spec.slot // 2)
        if kind == "correlation_break":
            values[first:last, chosen] += gain[chosen] * (other - load)[first:last, None]
        else:
            low, high = (6.0, 10.0) if kind == "spike" else (4.0, 6.0)
            values[first:last, chosen] += noise[chosen] * rng.uniform(low, high, size=chosen.size)
        columns = [spec.columns[j].name for j in chosen]
        planted.append({"kind": kind, "columns": columns, "steps": (first, last)})
    return np.maximum(values, 0.0).round(3), planted


def _load(spec: MetricSpec, rng: np.random.Generator, peak_hour: float) -> Floats:
    hours = np.arange(spec.n_steps) * spec.step_s / 3600.0
    persistence = float(np.exp(-spec.step_s / 7200.0))
    wander = _ar1(rng, spec.n_steps, 1, persistence)[:, 0]
    load: Floats = np.cos(2.0 * np.pi * (hours - peak_hour) / 24.0) + np.sqrt(0.5) * wander
    return load


def _ar1(rng: np.random.Generator, n: int, columns: int, persistence: float) -> Floats:
    """Stationary AR(1) paths with unit variance, shape (n, columns)."""
    path = rng.standard_normal((n, columns))
    path[1:] *= np.sqrt(1.0 - persistence**2)
    for step in range(1, n):
        path[step] += persistence * path[step - 1]
    return path


def _places(spec: MetricSpec, rng: np.random.Generator) -> list[tuple[str, int]]:
    """Kind and first step of each anomaly, in order of time; half a slot lies free between two."""
    order = rng.permutation(len(spec.kinds))
    first = spec.quiet_steps + spec.slot * np.arange(order.size) + rng.integers(spec.slot // 2, size=order.size)
    return [(spec.kinds[k], int(step)) for k, step in zip(order, first, strict=True)]
