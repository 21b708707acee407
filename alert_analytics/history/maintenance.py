"""Maintenance windows: what fires in one does not count, and the time inside is not at risk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from duckdb import ColumnExpression, ConstantExpression, StarExpression

from alert_analytics.engine import stacked
from alert_analytics.errors import HistoryError
from alert_analytics.history.context import Given, given_table
from alert_analytics.history.joining import (
    AT,
    KEY,
    in_us,
    kept,
    key_of,
    pairs_of,
    refuse_unready,
    typed,
    validity,
    with_tenant,
)
from alert_analytics.history.validity import Row, merged
from alert_analytics.tables import counted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation

    from alert_analytics.history.scope import Resolve

_EPOCH = datetime(1970, 1, 1)
_INSTANT = timedelta(microseconds=1)
Key = tuple[str, ...]


@dataclass(frozen=True)
class Maintenance:
    """Windows in which alerts do not count.

    Attributes
    ----------
    name : str
        What the table was read from.
    table : str
        Where it is kept: ``context_key``, ``begins``, ``ends``; the windows of a key do not overlap.
    on : tuple of (str, str)
        The alerts' columns or labels, and the table's that they equal; none where the windows are for every alert.
    windows : mapping of tuple of str to list
        The same windows by key, in microseconds since 1970.
    """

    takes_out: ClassVar[bool] = True
    gathers: ClassVar[bool] = False

    name: str
    table: str = field(compare=False)
    on: tuple[tuple[str, str], ...]
    windows: Mapping[Key, Sequence[Row]] = field(repr=False)

    def described(self) -> dict[str, object]:
        """Say it in plain values."""
        return {"outside_maintenance": self.name, "on": dict(self.on)}

    def applied(
        self, cursor: DuckDBPyConnection, rows: DuckDBPyRelation, resolve: Resolve, as_of: datetime | None
    ) -> DuckDBPyRelation:
        """The alerts that fired outside.

        Raises
        ------
        UnknownColumnError
            They have no column or label that `on` names.
        HistoryError
            It names a column of fractions.
        """
        columns = [typed(ours, resolve, rows) for ours, _ in self.on]
        fractions = [ours for (ours, _), (_, kind) in zip(self.on, columns, strict=True) if kind in {"DOUBLE", "FLOAT"}]
        if fractions:
            raise HistoryError(
                f"outside_maintenance: {', '.join(fractions)} holds fractions; expected text or whole numbers."
            )
        asked = rows.select(StarExpression(), key_of(columns).alias(KEY), ColumnExpression("fired_at").alias(AT))
        context = cursor.table(self.table)
        if as_of is not None:
            context = context.filter(ColumnExpression("begins") < ConstantExpression(as_of))
        left = stacked(cursor, "outside", package=__package__, relations={"plain": asked, "context": context})
        return left.select(*(ColumnExpression(name) for name in rows.columns))


def maintenance(
    cursor: DuckDBPyConnection,
    table: Any,
    on: str | Sequence[str] | Mapping[str, str] | None,
    *,
    tenant: str | None,
    valid_from: str | None,
    valid_to: str | None,
) -> list[Maintenance]:
    """Read a table of windows and keep it beside the alerts on `cursor`; see :meth:`AlertHistory.outside_maintenance`.

    Returns
    -------
    list of Maintenance
        The windows of each key, and those for all.

    Raises
    ------
    HistoryError
        A window has no beginning or no end, or they cannot be read.
    UnknownColumnError
        The table lacks a column that is named.
    """
    given = given_table(table).of_tenant(tenant)
    pairs = {ours: given.column(theirs) for ours, theirs in pairs_of(on).items()}
    begin, end = validity(given, valid_from, valid_to)
    if begin is None or end is None:
        raise HistoryError(
            f"{given.name}: no columns that say from when until when a window lasts.",
            hint='valid_from="start", valid_to="end"',
        )
    # Where the table leaves all of `on` open the window is for everyone.
    named = [ColumnExpression(theirs).isnotnull() for theirs in pairs.values()]
    parts = [(pairs, given.among(named))]
    if named:
        parts.append(({}, given.among([~test for test in named])))
    found = [_windows(cursor, part, with_tenant(on_these, part), begin, end) for on_these, part in parts]
    if sum(part.rows.shape[0] for _, part in parts) < given.rows.shape[0]:
        raise HistoryError(
            f"{given.name}: some rows have only some of {', '.join(pairs.values())}; expected all, or none at all.",
            hint="none at all: the window is for every alert.",
        )
    return [one for one in found if one.windows] or found[:1]


def _windows(cursor: DuckDBPyConnection, given: Given, pairs: dict[str, str], begin: str, end: str) -> Maintenance:
    key = key_of([(ColumnExpression(name), given.kind(name)) for name in pairs.values()]).alias("context_key")
    times = (given.time(begin).alias("begins"), given.time(end).alias("ends"))
    table = given.rows.select(key, *times).to_arrow_table()
    refuse_unready(table, given, begin, end)
    if n := table["ends"].null_count:
        raise HistoryError(
            f"{given.name}: {end} is missing in {n} of {counted(table.num_rows, 'window')}; expected a time in each.",
            hint="a window without an end would take out every alert from then on.",
        )
    by_key: dict[Key, list[Row]] = {}
    keys = table["context_key"].to_pylist()
    for one, start, stop in zip(keys, in_us(table["begins"]), in_us(table["ends"]), strict=True):
        if one is None:  # not a number
            continue
        by_key.setdefault(tuple(one), []).append((start, stop))
    windows = {one: joined for one, rows in by_key.items() if (joined := merged(rows))}
    flat = [(list(one), *row) for one, rows in windows.items() for row in rows]
    rows = pa.table(
        {
            "context_key": pa.array([one for one, _, _ in flat], pa.list_(pa.string())),
            "begins": pa.array([start for _, start, _ in flat], pa.timestamp("us")),
            "ends": pa.array([stop for _, _, stop in flat], pa.timestamp("us")),
        }
    )
    return Maintenance(given.name, kept(cursor, rows), tuple(pairs.items()), windows)


@dataclass(frozen=True)
class AtRisk:
    """When alerts could have fired and counted: all of a span but its maintenance windows.

    Attributes
    ----------
    by : tuple of str
        The columns or labels on which it depends.
    parts : tuple of Maintenance
        The windows.
    """

    by: tuple[str, ...]
    parts: tuple[Maintenance, ...]

    @classmethod
    def of(cls, parts: Iterable[Maintenance]) -> AtRisk:
        """Put the windows of several tables together."""
        found = tuple(parts)
        return cls(tuple(dict.fromkeys(ours for one in found for ours, _ in one.on)), found)

    def seconds(self, cell: Sequence[str | None], edges: Sequence[datetime]) -> npt.NDArray[np.float64]:
        """How long alerts with these values were at risk in each stretch.

        Parameters
        ----------
        cell : sequence of str or None
            A value for each of :attr:`by`.
        edges : sequence of datetime
            In order; one more than stretches.

        Returns
        -------
        numpy.ndarray of float64, shape (len(edges) - 1,)
            At most the length of the stretch.
        """
        known = dict(zip(self.by, cell, strict=True))
        keys = ((one, tuple(known[ours] for ours, _ in one.on)) for one in self.parts)
        lost = merged(row for one, key in keys if None not in key for row in one.windows.get(key, ()))  # type: ignore[arg-type]
        at = np.array([(edge - _EPOCH) // _INSTANT for edge in edges], dtype=np.int64)
        # How much is lost from the beginning of time until each edge: windows do not overlap.
        starts = np.array([start for start, _ in lost], dtype=np.int64)
        stops = np.array([stop for _, stop in lost], dtype=np.int64)
        before = np.concatenate(([0], np.cumsum(stops - starts)))
        done = np.searchsorted(stops, at, side="right")
        inside = np.searchsorted(starts, at, side="right") > done
        part = np.where(inside, at - np.append(starts, 0)[done], 0)
        return (np.diff(at) - np.diff(before[done] + part)) / 1e6
