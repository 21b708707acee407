"""Samples in order, the spans in which a rule fires on them, and these as canonical alerts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from alert_analytics.alerts.rules import AlertRule
from alert_analytics.alerts.table import ALERT_SCHEMA
from alert_analytics.analytics.replay_rows import in_us
from alert_analytics.analytics.sample_conditions import holds
from alert_analytics.engine.kernels.replay import NOBODY, fired_spans, joined_alerts
from alert_analytics.errors import HistoryError

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_TIME = pa.timestamp("us")


@dataclass(frozen=True, eq=False)
class Samples:
    """Samples in order of entity and time.

    Attributes
    ----------
    table : pyarrow.Table
        All columns.
    entity, time_us : ndarray of int64, shape (n,)
        Codes from 0, and microseconds.
    names : pyarrow.Array
        Of the entities, as text, in order of their codes.
    span : tuple
        First and last time; None where there is no sample.
    """

    table: pa.Table
    entity: Ints
    time_us: Ints
    names: pa.Array
    span: tuple[datetime | None, datetime | None]

    @property
    def first_at(self) -> Ints:
        """Positions of the first sample of each entity and time."""
        is_first = np.ones(self.entity.size, dtype=np.bool_)
        is_first[1:] = (np.diff(self.entity) != 0) | (np.diff(self.time_us) != 0)
        return np.flatnonzero(is_first)


@dataclass(frozen=True, eq=False)
class Spans:
    """Where a rule fires, as positions among the samples; spans of one entity do not touch those of another.

    Attributes
    ----------
    fired, cleared : ndarray of int64, shape (n_alerts,)
        First sample, and the one at which it is over; :data:`NOBODY` where it still fires at the entity's end.
    ends : ndarray of int64, shape (n_alerts,)
        One past the last sample at which it fires.
    """

    fired: Ints
    cleared: Ints
    ends: Ints

    def reach(self, first: Ints, last: Ints) -> Bools:
        """For each run of positions, whether the rule fires at any of them."""
        latest = np.searchsorted(self.fired, last, side="right") - 1
        if not self.fired.size:
            return np.zeros(first.size, dtype=np.bool_)
        return (latest >= 0) & (self.ends[np.maximum(latest, 0)] > first)


def samples_of(samples: Any, entity: str, time: str) -> Samples:
    """Read samples and put them in order.

    Raises
    ------
    HistoryError
        They do not speak Arrow, lack a column, or hold no times where times are expected; or a time is missing.
    """
    try:
        table = samples if isinstance(samples, pa.Table) else pa.table(samples)
    except (TypeError, ValueError) as error:
        raise HistoryError(
            f"MetricReplay: {type(samples).__name__} is no table of samples.", hint="a pandas, polars or pyarrow table."
        ) from error
    if len(set(table.column_names)) < table.num_columns:
        raise HistoryError(
            f"MetricReplay: two columns of the samples have one name, among {', '.join(table.column_names)}.",
            hint="rename one.",
        )
    # polars hands text over as views, of which not every function of Arrow knows.
    kinds = [pa.string() if pa.types.is_string_view(one.type) else one.type for one in table.schema]
    table = table.cast(pa.schema(list(zip(table.column_names, kinds, strict=True))))
    for name in (entity, time):
        if name not in table.column_names:
            raise HistoryError(
                f"MetricReplay: the samples have no column {name!r}, they have {', '.join(table.column_names)}.",
                hint="entity=..., time=... name yours.",
            )
    kind = table[time].type
    if not pa.types.is_timestamp(kind):
        raise HistoryError(f"MetricReplay: column {time} is {kind}, expected timestamps.", hint="time='t'")
    if table[time].null_count or table[entity].null_count:
        raise HistoryError(f"MetricReplay: {time} or {entity} is missing in some rows.", hint="drop these rows.")
    at = table[time].cast(pa.timestamp("us", tz=kind.tz)).cast(pa.int64())
    try:
        encoded = pc.dictionary_encode(table[entity].cast(pa.string())).combine_chunks()
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid) as error:
        raise HistoryError(
            f"MetricReplay: column {entity} is {table[entity].type}, expected names or numbers.", hint="entity='entity'"
        ) from error
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.chunk(0) if encoded.num_chunks else pa.array([], pa.dictionary(pa.int32(), pa.string()))
    code = np.asarray(encoded.indices, dtype=np.int64)
    time_us = np.asarray(at, dtype=np.int64)
    order = np.lexsort((time_us, code))
    ends = (time_us.min(), time_us.max()) if time_us.size else (None, None)
    first, last = (None if one is None else pa.scalar(int(one), _TIME).as_py() for one in ends)
    return Samples(table.take(pa.array(order)), code[order], time_us[order], encoded.dictionary, (first, last))


def spans_of(read: Samples, rule: AlertRule) -> Spans:
    """Walk one rule over the samples of each entity."""
    fires, clears = holds(rule.expression, read.table), holds(rule.clear_expression, read.table)
    # Of several samples at one time a rule fires if one says so, and clears if all do: their order says nothing.
    first = read.first_at
    if first.size:
        fires, clears = np.maximum.reduceat(fires, first), np.minimum.reduceat(clears, first)
    fired, cleared = fired_spans(read.entity[first], read.time_us[first], fires, clears, hold_us=in_us(rule.hold_for))
    cleared = np.where(cleared == NOBODY, NOBODY, first[cleared] if first.size else cleared)
    fired = first[fired]
    past = np.searchsorted(read.entity, read.entity[fired], side="right")
    return Spans(fired, cleared, np.where(cleared == NOBODY, past, cleared))


def alerts_of(read: Samples, rule: AlertRule, spans: Spans) -> pa.Table:
    """Tell the spans as canonical rows: those that a dedup window joins become one."""
    at = read.time_us[spans.fired]
    order = np.lexsort((spans.fired, at))
    fired, cleared, at = spans.fired[order], spans.cleared[order], at[order]
    stream = _streams(read, rule)[fired] if fired.size else fired
    n_streams = int(stream.max(initial=-1)) + 1
    window_us = in_us(rule.dedup_window)
    joined = joined_alerts(stream, at, n_streams=n_streams, window_us=window_us)
    told_by = np.where(joined == NOBODY, np.arange(joined.size), joined)
    told = np.flatnonzero(joined == NOBODY)
    never = np.iinfo(np.int64).max
    ended = np.where(cleared == NOBODY, never, read.time_us[np.maximum(cleared, 0)] if fired.size else cleared)
    latest = np.full(joined.size, -1, dtype=np.int64)
    np.maximum.at(latest, told_by, ended)
    return _canonical(read, rule, fired[told], latest[told], np.bincount(told_by, minlength=joined.size)[told])


def _streams(read: Samples, rule: AlertRule) -> Ints:
    """A code for each sample: its entity, or what the rule groups by."""
    if not rule.group_by:
        return read.entity
    codes = np.zeros(read.entity.size, dtype=np.int64)
    for name in rule.group_by:
        if name not in read.table.column_names:
            raise HistoryError(
                f"MetricReplay: rule {rule.name} groups by {name!r}, which is no column.", hint="group_by=('service',)"
            )
        values = pc.fill_null(read.table[name].cast(pa.string()), "")
        one = np.unique(np.asarray(values.to_numpy(), dtype=np.str_), return_inverse=True)[1]
        codes = np.unique(codes * (int(one.max(initial=0)) + 1) + one, return_inverse=True)[1]
    return codes


def _canonical(read: Samples, rule: AlertRule, fired: Ints, ended: Ints, occurrences: Ints) -> pa.Table:
    n = fired.size
    is_open = ended == np.iinfo(np.int64).max
    entity = read.names.take(pa.array(read.entity[fired])) if n else pa.array([], pa.string())
    last = pa.scalar(read.span[1], _TIME)
    resolved = pa.array(np.where(is_open, 0, ended), pa.int64(), mask=is_open).cast(_TIME)
    names = entity.to_pylist()
    status = ["firing" if one else "resolved" for one in is_open]
    columns: dict[str, Any] = {
        "tenant_id": [rule.tenant_id] * n,
        "source": ["replay"] * n,
        "fingerprint": [f"{rule.name}/{name}" for name in names],
        "rule": [rule.name] * n,
        "severity": [rule.severity.value] * n,
        "status": status,
        "message": [rule.condition] * n,
        "fired_at": pa.array(read.time_us[fired], pa.int64()).cast(_TIME),
        "resolved_at": resolved,
        "resolution": [None if one else "automatic" for one in is_open],
        "observed_at": pc.fill_null(resolved, last),
        "occurrences": occurrences,
        "labels": pa.array([[("entity", name)] for name in names], ALERT_SCHEMA.field("labels").type),
    }
    made = {
        field.name: pa.array(columns[field.name], field.type)
        if not isinstance(columns.get(field.name), pa.Array)
        else columns[field.name]
        for field in ALERT_SCHEMA
        if field.name in columns
    }
    return pa.table(made)
