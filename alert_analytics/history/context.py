"""Tables that say more of alerts: read as they are, with the key they are joined by and the times they are valid."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import reduce
from itertools import count
from operator import and_
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from duckdb import CaseExpression, ColumnExpression, ConstantExpression, FunctionExpression

from alert_analytics.engine import connect
from alert_analytics.errors import HistoryError, SourceError, UnknownColumnError
from alert_analytics.history.reading import is_parquet, named, table_at, table_of
from alert_analytics.history.schema import in_utc, is_zoned, iso_time, kind_of

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation, Expression

    from alert_analytics.history.scope import Resolve

KEY, AT = "__alert_analytics_key", "__alert_analytics_at"
"""What an alert's key and time are called while a table is laid beside it; nobody's own column is called so."""

TENANT = "tenant_id"
FROM, TO = "valid_from", "valid_to"
"""What the columns that say from when until when a row holds are called by default."""

_SHOWN = 3
_NUMBER = count(1)


class Context(Protocol):
    """One thing that is known beside the alerts, and what it does to them.

    Attributes
    ----------
    takes_out : bool
        Whether alerts go.
    gathers : bool
        Whether what is said of an alert depends on the others.
    """

    takes_out: ClassVar[bool]
    gathers: ClassVar[bool]

    def applied(
        self, cursor: DuckDBPyConnection, rows: DuckDBPyRelation, resolve: Resolve, as_of: datetime | None
    ) -> DuckDBPyRelation:
        """The alerts with what this says of them."""

    def described(self) -> dict[str, object]:
        """Say it in plain values, for a result's settings."""


@dataclass(frozen=True)
class Given:
    """A table as it came.

    Attributes
    ----------
    rows : DuckDBPyRelation
        Its rows, on a database of their own: a name in them can hide none of ours.
    name : str
        What to call it in messages.
    connection : DuckDBPyConnection
        Keeps the rows.
    """

    rows: DuckDBPyRelation
    name: str
    connection: DuckDBPyConnection = field(repr=False)

    def column(self, wanted: str) -> str:
        """The table's column of this name; in another case where none is exactly so.

        Raises
        ------
        UnknownColumnError
            It has none.
        """
        if (found := self.has(wanted)) is None:
            raise UnknownColumnError(f"{self.name}: no column {wanted!r}; columns: {', '.join(self.rows.columns)}.")
        return found

    def has(self, wanted: str) -> str | None:
        """The table's column of this name, if any."""
        return {name.lower(): name for name in self.rows.columns}.get(wanted.lower())

    def kind(self, name: str) -> str:
        """The database's type of a column."""
        return str(self.rows.types[self.rows.columns.index(name)])

    def of_tenant(self, tenant: str | None) -> Given:
        """The rows that a history of this tenant may see: those of others are not even looked at.

        Raises
        ------
        HistoryError
            A row names no tenant, so nobody can say whose it is.
        """
        if (column := self.has(TENANT)) is None:
            return self
        if tenant is not None:
            return replace(self, rows=self.rows.filter(ColumnExpression(column) == ConstantExpression(tenant)))
        if n := self._count(ColumnExpression(column).isnull()):
            raise HistoryError(
                f"{self.name}: {n} rows have no {column}; expected each to say whose it is.",
                hint="leave the column out of a table that holds for every tenant.",
            )
        return self

    def among(self, tests: Sequence[Expression]) -> Given:
        """The rows for which all tests hold."""
        return replace(self, rows=self.rows.filter(reduce(and_, tests))) if tests else self

    def time(self, name: str) -> Expression:
        """A column as UTC: text is read as ISO 8601, times with a zone are converted.

        Raises
        ------
        HistoryError
            It holds no times.
        """
        column, kind = ColumnExpression(name), self.kind(name)
        if is_zoned(kind):
            return in_utc(column)
        if kind_of(kind) == "time":
            return column.cast(duckdb.type("TIMESTAMP"))
        if kind == '"NULL"':
            return ConstantExpression(None).cast(duckdb.type("TIMESTAMP"))
        if kind != "VARCHAR":
            raise HistoryError(f"{self.name}: {name} holds {kind}; expected times.", hint="or ISO 8601 text.")
        text = FunctionExpression("nullif", FunctionExpression("trim", column), ConstantExpression(""))
        time = iso_time(text, "UTC")
        wrong = self.rows.filter(text.isnotnull() & time.isnull()).select(text).limit(_SHOWN).fetchall()
        if wrong:
            raise HistoryError(
                f"{self.name}: {name} holds {', '.join(repr(one) for (one,) in wrong)}; expected ISO 8601 times.",
                hint="write '2016-04-01' or '2016-04-01T06:30+02:00'.",
            )
        return time

    def _count(self, test: Expression) -> int:
        return int(self.rows.filter(test).shape[0])


def given_table(table: Any) -> Given:
    """Read a table.

    Parameters
    ----------
    table : str, Path, anything that speaks Arrow, or list of mappings
        CSV is read as text, as it is written: a version 1.10 is no number.

    Raises
    ------
    SourceError
        The path names nothing, or no table.
    HistoryError
        It is none of these.
    """
    connection = connect()
    if isinstance(table, (str, Path)):
        options = {} if is_parquet(table) else {"all_varchar": True}
        return Given(table_at(connection, str(table), **options), str(table), connection)
    if isinstance(table, Iterable) and not isinstance(table, (Mapping, bytes)):
        given = table if hasattr(table, "__arrow_c_stream__") else _from_mappings(list(table))
        try:
            rows = table_of(connection, given, mapped=True)[0]
        except (duckdb.Error, pa.ArrowInvalid) as error:
            raise SourceError(f"The table cannot be read ({str(error).splitlines()[0]}).") from error
        return Given(rows, named(table), connection)
    if hasattr(table, "__arrow_c_stream__"):
        return Given(table_of(connection, table, mapped=True)[0], named(table), connection)
    raise HistoryError(
        f"A {type(table).__name__} is no table.",
        hint="give a Parquet or CSV path, a pandas, polars or Arrow table, or a list of dicts.",
    )


def _from_mappings(rows: list[Any]) -> pa.Table:
    if not rows or not all(isinstance(row, Mapping) for row in rows):
        raise HistoryError(
            "The list holds no rows, or something else than mappings; expected a dict for each row.",
            hint='[{"service": "db", "tier": 1}]',
        )
    names = list(dict.fromkeys(str(name) for row in rows for name in row))
    columns = {}
    for name in names:
        try:
            columns[name] = pa.array([row.get(name) for row in rows])
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise HistoryError(f"Column {name!r} mixes kinds of values ({error}).") from error
    return pa.table(columns)


def pairs_of(on: str | Sequence[str] | Mapping[str, str] | None) -> dict[str, str]:
    """Read ``on=``: from the alerts' columns or labels to the table's columns.

    Raises
    ------
    HistoryError
        It names no columns.
    """
    if on is None:
        return {}
    given = {on: on} if isinstance(on, str) else on
    pairs = dict(given) if isinstance(given, Mapping) else {name: name for name in given}
    if not all(isinstance(name, str) for pair in pairs.items() for name in pair):
        raise HistoryError(f"on={on!r}; expected a column or label, several, or a mapping of them to the table's.")
    return pairs


def with_tenant(pairs: dict[str, str], given: Given) -> dict[str, str]:
    """Join by the tenant too, where the table says whose its rows are."""
    tenant = given.has(TENANT)
    return pairs if tenant is None else {**pairs, TENANT: tenant}


def validity(given: Given, valid_from: str | None, valid_to: str | None) -> tuple[str | None, str | None]:
    """The table's columns that say from when and until when a row holds: those named, else those so called.

    Raises
    ------
    UnknownColumnError
        A column that is named is not there.
    HistoryError
        There is an end without a beginning.
    """
    begin = given.has(FROM) if valid_from is None else given.column(valid_from)
    end = given.has(TO) if valid_to is None else given.column(valid_to)
    if end is not None and begin is None:
        raise HistoryError(
            f"{given.name}: rows are valid to {end}, but from when?", hint="valid_from= names the column."
        )
    return begin, end


def refuse_unready(table: pa.Table, given: Given, begin: str, end: str | None) -> None:
    """Refuse rows (``begins``, ``ends``) that do not say when they hold.

    Raises
    ------
    HistoryError
        A row has no beginning, or ends before it.
    """
    if n := table["begins"].null_count:
        raise HistoryError(
            f"{given.name}: {begin} is missing in {n} of {table.num_rows} rows; expected a time in each.",
            hint="write an early date for what has always been so.",
        )
    backwards = table.filter(pc.less(table["ends"], table["begins"]))
    if backwards.num_rows:
        raise HistoryError(
            f"{given.name}: {end} precedes {begin} in {backwards.num_rows} of {table.num_rows} rows "
            f"(first: {backwards['begins'][0]} to {backwards['ends'][0]}).",
            hint="a row holds from the one on and no longer at the other.",
        )


def in_us(times: pa.ChunkedArray) -> list[Any]:
    """Times as microseconds since 1970; None where there is none."""
    moments: list[Any] = times.cast(pa.timestamp("us")).cast(pa.int64()).to_pylist()
    return moments


def refuse_taken(names: Sequence[str], columns: Sequence[str]) -> None:
    """Refuse names that the alerts have columns of already, in any case, and names that come twice.

    Raises
    ------
    HistoryError
        Some do.
    """
    there = Counter(name.lower() for name in [*columns, *names])
    if taken := [name for name in names if there[name.lower()] > 1]:
        raise HistoryError(
            f"The alerts have a column {', '.join(map(repr, dict.fromkeys(taken)))} already.",
            hint='give it another name: columns={"team": "owner_team"}, or prefix="catalogue_".',
        )


def key_of(columns: Sequence[tuple[Expression, str]]) -> Expression:
    """The values of some columns as one list of texts; null where any is missing, so that it equals no other.

    Parameters
    ----------
    columns : sequence of (Expression, str)
        What reads a column, and its type.
    """
    texts = FunctionExpression("list_value", *(_text(*one) for one in columns)).cast(duckdb.type("VARCHAR[]"))
    whole = FunctionExpression("list_count", texts) == ConstantExpression(len(columns))
    return CaseExpression(whole, texts).otherwise(ConstantExpression(None).cast(duckdb.type("VARCHAR[]")))


def typed(name: str, resolve: Resolve, rows: DuckDBPyRelation) -> tuple[Expression, str]:
    """What reads a column or label of the alerts, and its type."""
    kinds = dict(zip(rows.columns, map(str, rows.types), strict=True))
    return resolve(name), kinds.get(name, "VARCHAR")


def _text(column: Expression, kind: str) -> Expression:
    text = column.cast(duckdb.type("VARCHAR"))
    if kind not in {"DOUBLE", "FLOAT"}:
        return text
    # Whole numbers beside missing ones often arrive as fractions: 7.0 is the 7 that a label says.
    whole = column.try_cast(duckdb.type("HUGEINT"))
    is_whole = whole.cast(duckdb.type("DOUBLE")) == column.cast(duckdb.type("DOUBLE"))
    return CaseExpression(is_whole, whole.cast(duckdb.type("VARCHAR"))).otherwise(text)


def refuse_twice(keys: Iterable[object], what: str, hint: str) -> None:
    """Refuse rows that are there twice, naming the first.

    Raises
    ------
    HistoryError
        Some are.
    """
    twice = [(key, n) for key, n in Counter(keys).items() if n > 1]
    if twice:
        shown = ", ".join(f"{key} ({n} rows)" for key, n in twice[:_SHOWN])
        more = f" and {len(twice) - _SHOWN} more" if len(twice) > _SHOWN else ""
        raise HistoryError(f"{what}: {shown}{more}.", hint=hint)


def kept(cursor: DuckDBPyConnection, table: pa.Table) -> str:
    """Keep a table in the history's own database, beside its alerts; its name is a number's."""
    name = f"context_{next(_NUMBER)}"
    cursor.register("handed_over_context", table)
    try:
        cursor.execute(f"CREATE TABLE {name} AS SELECT * FROM handed_over_context")
    finally:
        cursor.unregister("handed_over_context")
    return name
