"""Tables that say more of alerts: read as they are, with the key they are joined by and the times they are valid."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import reduce
from operator import and_
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import duckdb
import pyarrow as pa
from duckdb import ColumnExpression, ConstantExpression, FunctionExpression

from alert_analytics.engine import connect
from alert_analytics.errors import HistoryError, SourceError, UnknownColumnError, nearest
from alert_analytics.history.files import is_parquet, named
from alert_analytics.history.reading import table_at, table_of
from alert_analytics.history.schema import kind_of
from alert_analytics.history.times import in_utc, is_zoned, iso_time
from alert_analytics.tables import counted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation, Expression

    from alert_analytics.history.scope import Resolve

TENANT = "tenant_id"
_SHOWN = 3


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
            raise UnknownColumnError(
                f"{self.name}: no column {wanted!r}; columns: {', '.join(self.rows.columns)}.",
                hint=nearest([wanted], self.rows.columns),
            )
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
            verb = "has" if n == 1 else "have"
            raise HistoryError(
                f"{self.name}: {counted(n, 'row')} {verb} no {column}; expected each to say whose it is.",
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
