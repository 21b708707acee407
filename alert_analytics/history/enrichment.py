"""What else is known of an alert: the columns of a table, as they were valid when it fired."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

import duckdb
import pyarrow as pa
from duckdb import ColumnExpression, ConstantExpression, FunctionExpression, StarExpression

from alert_analytics.engine import stacked
from alert_analytics.errors import HistoryError
from alert_analytics.history.context import Given, given_table
from alert_analytics.history.joining import (
    AT,
    FROM,
    KEY,
    in_us,
    kept,
    key_of,
    pairs_of,
    refuse_taken,
    refuse_twice,
    refuse_unready,
    typed,
    validity,
    with_tenant,
)
from alert_analytics.history.schema import kind_of
from alert_analytics.history.times import in_utc, is_zoned
from alert_analytics.history.validity import stretches

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation, Expression

    from alert_analytics.history.scope import Resolve

_SINCE = "__alert_analytics_since"
_US = 1e6


@dataclass(frozen=True)
class Enrichment:
    """A table laid beside the alerts.

    Attributes
    ----------
    name : str
        What the table was read from.
    table : str
        Where it is kept: ``context_key``, ``begins`` (from when on a row counts; null without validity), when the row
        itself began to hold, and :attr:`columns` by their places.
    on : tuple of (str, str)
        The alerts' columns or labels, and the table's that they equal.
    at : str or None
        The alerts' time at which a row has to hold; None where rows hold for ever.
    columns : tuple of (str, str)
        What the table calls the columns carried over, and what they are called here.
    age : str or None
        The column with the seconds from a row's beginning to the alert's time.
    valid : tuple of str
        The table's columns that say from when (and until when) a row holds.
    """

    takes_out: ClassVar[bool] = False
    gathers: ClassVar[bool] = False

    name: str
    table: str = field(compare=False)
    on: tuple[tuple[str, str], ...]
    at: str | None
    columns: tuple[tuple[str, str], ...]
    age: str | None
    valid: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        """The columns that alerts get."""
        return [ours for _, ours in self.columns] + ([self.age] if self.age else [])

    def described(self) -> dict[str, object]:
        """Say it in plain values."""
        return {
            "enriched_from": self.name,
            "on": dict(self.on),
            "at": self.at,
            "valid": list(self.valid),
            "columns": {ours: theirs for theirs, ours in self.columns},
            "age": self.age,
        }

    def applied(
        self, cursor: DuckDBPyConnection, rows: DuckDBPyRelation, resolve: Resolve, as_of: datetime | None
    ) -> DuckDBPyRelation:
        """The alerts, each once, with the columns.

        Raises
        ------
        HistoryError
            The alerts have a column of that name, or `at` is no time.
        UnknownColumnError
            They have no column or label that `on` or `at` names.
        """
        refuse_taken(self.names, rows.columns)
        key = key_of([typed(ours, resolve, rows) for ours, _ in self.on])
        context = cursor.table(self.table)
        if self.at is None:
            asked, query = rows.select(StarExpression(), key.alias(KEY)), "enrich_plain"
        else:
            time, kind = typed(self.at, resolve, rows)
            if kind_of(kind) != "time":
                raise HistoryError(
                    f"enrich: at={self.at!r} holds {kind}; expected a time of the alert.", hint='at="fired_at"'
                )
            asked, query = rows.select(StarExpression(), key.alias(KEY), time.alias(AT)), "enrich_at"
            if as_of is not None:  # what began later was not known
                context = context.filter(ColumnExpression("begins") < ConstantExpression(as_of))
        joined = stacked(cursor, query, package=__package__, relations={"plain": asked, "context": context})
        found = [ColumnExpression(_place(i)).alias(ours) for i, (_, ours) in enumerate(self.columns)]
        if self.age is not None:
            passed = _epoch_us(AT) - _epoch_us(_SINCE)
            found.append((passed.cast(duckdb.type("DOUBLE")) / ConstantExpression(_US)).alias(self.age))
        return joined.select(*(ColumnExpression(name) for name in rows.columns), *found)


def enrichment(
    cursor: DuckDBPyConnection,
    table: Any,
    on: str | Sequence[str] | Mapping[str, str],
    *,
    tenant: str | None,
    at: str,
    columns: Sequence[str] | Mapping[str, str] | None,
    prefix: str,
    valid_from: str | None,
    valid_to: str | None,
    age: str | None,
) -> Enrichment:
    """Read a table and keep it beside the alerts on `cursor`; see :meth:`AlertHistory.enrich`.

    Raises
    ------
    HistoryError
        It says two things of one key at a time, a time of it cannot be read, or there is nothing to carry over.
    UnknownColumnError
        It lacks a column that is named.
    """
    given, pairs = given_table(table).of_tenant(tenant), pairs_of(on)
    if not pairs:
        raise HistoryError("enrich: on= names no column.", hint='on="service", or on={"service": "name"}.')
    pairs = with_tenant({ours: given.column(theirs) for ours, theirs in pairs.items()}, given)
    begin, end = validity(given, valid_from, valid_to)
    if age is not None and begin is None:
        raise HistoryError(
            f"enrich: age={age!r} needs the column that a row is valid from; {given.name} has none.",
            hint='valid_from="deployed_at"',
        )
    valid = tuple(name for name in (begin, end) if name)
    carried = _carried(given, {*pairs.values(), *valid}, columns, prefix)
    if not carried and age is None:
        raise HistoryError(
            f"{given.name}: no column to carry over beside {', '.join([*pairs.values(), *valid])}.",
            hint="columns= names some.",
        )
    rows = _counting(given, list(pairs.values()), begin, end, [theirs for theirs, _ in carried])
    return Enrichment(
        name=given.name,
        table=kept(cursor, rows),
        on=tuple(pairs.items()),
        at=None if begin is None else at,
        columns=tuple(carried),
        age=age,
        valid=valid,
    )


def _carried(
    given: Given, used: set[str], columns: Sequence[str] | Mapping[str, str] | None, prefix: str
) -> list[tuple[str, str]]:
    """The table's columns to carry over, and their names here."""
    if columns is None:
        wanted = {name: prefix + name for name in given.rows.columns if name not in used}
    elif isinstance(columns, Mapping):
        wanted = {given.column(theirs): ours for theirs, ours in columns.items()}
    else:
        listed = (columns,) if isinstance(columns, str) else columns
        wanted = {(found := given.column(name)): prefix + found for name in listed}
    if not all(isinstance(name, str) and name for name in wanted.values()):
        raise HistoryError(f"enrich: columns={columns!r}; expected names.", hint='columns={"team": "owner"}')
    return list(wanted.items())


def _counting(given: Given, keys: list[str], begin: str | None, end: str | None, carried: list[str]) -> pa.Table:
    """The table's rows with the moments from which on they count."""
    key = key_of([(ColumnExpression(name), given.kind(name)) for name in keys])
    values = [_value(given, name).alias(_place(i)) for i, name in enumerate(carried)]
    null = ConstantExpression(None).cast(duckdb.type("TIMESTAMP"))
    times = [null if name is None else given.time(name) for name in (begin, end)]
    numbered = [time.alias(name) for time, name in zip(times, ("begins", "ends"), strict=True)]
    found = given.rows.select(key.alias("context_key"), *numbered, *values)
    table = found.filter(ColumnExpression("context_key").isnotnull()).to_arrow_table()
    if begin is None:
        said = [", ".join(one) for one in table["context_key"].to_pylist()]
        hint = f"make one row of each, or add {FROM!r} where they hold at different times."
        refuse_twice(said, f"{given.name}: several rows for one {', '.join(keys)}", hint)
        return table.drop_columns(["ends"])
    refuse_unready(table, given, begin, end)
    return _cut(table, given, keys)


def _cut(table: pa.Table, given: Given, keys: list[str]) -> pa.Table:
    """A row per stretch of time in which one row of the table counts, or none does."""
    begins, ends = in_us(table["begins"]), in_us(table["ends"])
    places: dict[tuple[str, ...], list[int]] = {}
    for place, key in enumerate(table["context_key"].to_pylist()):
        if begins[place] != ends[place]:  # a row that ends as it begins never holds
            places.setdefault(tuple(key), []).append(place)
    said = (f"{', '.join(key)} from {table['begins'][place]}" for key, group in places.items() for place in group)
    hint = "make one row of each."
    refuse_twice(said, f"{given.name}: several rows for one {', '.join(keys)} from the same time on", hint)
    cut = [
        (key, moment, None if which is None else group[which])
        for key, group in places.items()
        for moment, which in stretches([(begins[place], ends[place]) for place in group])
    ]
    which = pa.array([place for _, _, place in cut], pa.int64())
    columns = {name: table[name].take(which) for name in table.column_names if name not in {"context_key", "ends"}}
    since = columns.pop("begins")
    return pa.table(
        {
            "context_key": pa.array([list(key) for key, _, _ in cut], pa.list_(pa.string())),
            "begins": pa.array([moment for _, moment, _ in cut], pa.timestamp("us")),
            _SINCE: since,
            **columns,
        }
    )


def _value(given: Given, name: str) -> Expression:
    column = ColumnExpression(name)
    return in_utc(column) if is_zoned(given.kind(name)) else column


def _place(i: int) -> str:
    return f"__alert_analytics_{i}"


def _epoch_us(name: str) -> Expression:
    return FunctionExpression("epoch_us", ColumnExpression(name))
