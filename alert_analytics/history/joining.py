"""What a table is joined to alerts by: a key, a tenant, and the times that its rows are valid."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from duckdb import CaseExpression, ConstantExpression, FunctionExpression

from alert_analytics.errors import HistoryError
from alert_analytics.history.context import TENANT, Given
from alert_analytics.tables import counted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation, Expression

    from alert_analytics.history.scope import Resolve

KEY, AT = "__alert_analytics_key", "__alert_analytics_at"
"""What an alert's key and time are called while a table is laid beside it; nobody's own column is called so."""

FROM, TO = "valid_from", "valid_to"
"""What the columns that say from when until when a row holds are called by default."""

_SHOWN = 3
_NUMBER = count(1)


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
            f"{given.name}: {begin} is missing in {n} of {counted(table.num_rows, 'row')}; expected a time in each.",
            hint="write an early date for what has always been so.",
        )
    backwards = table.filter(pc.less(table["ends"], table["begins"]))
    if backwards.num_rows:
        raise HistoryError(
            f"{given.name}: {end} precedes {begin} in {backwards.num_rows} of {counted(table.num_rows, 'row')} "
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
