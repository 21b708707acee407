"""The canonical columns of an alert, and how a table that has only some of them gets the rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import duckdb
from duckdb import CoalesceOperator, ColumnExpression, ConstantExpression, FunctionExpression

from alert_analytics.engine import Answer, run
from alert_analytics.errors import HistoryError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation, Expression

_PACKAGE = "alert_analytics.history"

COLUMNS: dict[str, str] = {
    "tenant_id": "VARCHAR",
    "alert_id": "VARCHAR",
    "source": "VARCHAR",
    "origin": "VARCHAR",
    "fingerprint": "VARCHAR",
    "rule": "VARCHAR",
    "service": "VARCHAR",
    "team": "VARCHAR",
    "severity": "VARCHAR",
    "status": "VARCHAR",
    "message": "VARCHAR",
    "fired_at": "TIMESTAMP",
    "acknowledged_at": "TIMESTAMP",
    "resolved_at": "TIMESTAMP",
    "resolution": "VARCHAR",
    "observed_at": "TIMESTAMP",
    "ingested_at": "TIMESTAMP",
    "occurrences": "BIGINT",
    "escalations": "BIGINT",
    "reassignments": "BIGINT",
    "reopens": "BIGINT",
    "notifications": "BIGINT",
    "assignee": "VARCHAR",
    "value": "DOUBLE",
    "labels": "MAP(VARCHAR, VARCHAR)",
    "metadata": "VARCHAR",
}
"""Each canonical column and its DuckDB type; times are UTC without a zone, in microseconds."""

TIMES = tuple(name for name, kind in COLUMNS.items() if kind == "TIMESTAMP")
SEVERITIES = ("info", "low", "medium", "high", "critical")
"""From least to most severe."""

_INTEGERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"}


def canonical(
    cursor: DuckDBPyConnection,
    given: DuckDBPyRelation,
    *,
    tenant: str | None = None,
    source: str = "table",
    keep_extras: bool = True,
    lasting: bool = False,
) -> Answer:
    """Bring a table with some of the canonical columns into the full canonical shape, each row judged.

    Parameters
    ----------
    cursor : DuckDBPyConnection
        Where the views live.
    given : DuckDBPyRelation
        Rows with at least ``fired_at``. A column ``reason`` (a source's own objection to the row), ``line`` and
        ``original`` (the row as it came, text or struct) pass through.
    tenant : str, optional
        The tenant of rows that name none (``default`` where not given); a row that names another one is refused.
    source : str
        The source of rows that name none.
    keep_extras : bool
        Whether columns that are not canonical stay, as columns to filter and group by.
    lasting : bool
        Whether other cursors of the database are to see the views behind the answer.

    Returns
    -------
    Answer
        The canonical columns, then ``line``, ``original`` and ``reason`` (null for a sound row), then the extras.

    Raises
    ------
    HistoryError
        There is no ``fired_at``, or a time column holds numbers.
    """
    if "fired_at" not in given.columns:
        raise HistoryError(
            f"No column fired_at among {_listed(given.columns)}.",
            hint="map the table's columns with aa.sources.Tabular(columns={'fired_at': ...}); "
            "`alert-analytics inspect FILE` writes the mapping for you.",
        )
    given = given.set_alias("whole")
    kinds = dict(zip(given.columns, map(str, given.types), strict=True))
    passed: dict[str, Expression] = {
        # The row as it came, for the quarantine; packed here, turned to text only for the rows that are refused.
        "original": ColumnExpression("original" if "original" in kinds else "whole"),
        "line": ColumnExpression("line") if "line" in kinds else ConstantExpression(None),
        "reason": ColumnExpression("reason") if "reason" in kinds else ConstantExpression(None),
    }
    columns = [_column(name, kinds).alias(name) for name in COLUMNS]
    columns += [
        passed["original"].alias("original"),
        passed["line"].cast(duckdb.type("BIGINT")).alias("line"),
        passed["reason"].cast(duckdb.type("VARCHAR")).alias("reason"),
    ]
    if keep_extras:
        extras = [name for name in given.columns if name not in COLUMNS and name not in passed]
        columns += [ColumnExpression(name).alias(name) for name in extras if not name.startswith("__index_level")]
    rows = given.select(*columns, *_declared(tenant, source))
    if "fingerprint" in kinds:
        rows = rows.select(duckdb.StarExpression(), ConstantExpression(None).alias("place"))
    else:
        rows = run(cursor, "ordinal", package=_PACKAGE, relations={"unidentified": rows}, lasting=lasting).relation
    return run(cursor, "canonical", package=_PACKAGE, relations={"given": rows}, lasting=lasting)


def _declared(tenant: str | None, source: str) -> list[Expression]:
    """Constants that the static SQL reads as columns: a view cannot hold bound parameters."""
    return [
        ConstantExpression(tenant).cast(duckdb.type("VARCHAR")).alias("declared_tenant"),
        ConstantExpression(source).cast(duckdb.type("VARCHAR")).alias("declared_source"),
    ]


def _column(name: str, kinds: dict[str, str]) -> Expression:
    wanted = COLUMNS[name]
    if name not in kinds:
        return ConstantExpression(None).cast(duckdb.type(wanted))
    kind, column = kinds[name], ColumnExpression(name)
    if wanted == "TIMESTAMP":
        if kind == "TIMESTAMP WITH TIME ZONE":
            return FunctionExpression("timezone", ConstantExpression("UTC"), column).cast(duckdb.type(wanted))
        if kind in _INTEGERS or kind in {"DOUBLE", "FLOAT"}:
            raise HistoryError(
                f"Column {name} holds numbers ({kind}); expected timestamps.",
                hint=f"aa.sources.Tabular(columns={{'{name}': '{name}', ...}}, timestamp_format='epoch_ms') reads them.",
            )
    if name == "labels" and not kind.startswith("MAP"):
        return _labels_from(kind, column)
    return column if kind == wanted else column.cast(duckdb.type(wanted))


def _labels_from(kind: str, column: Expression) -> Expression:
    """Labels come as a map, as a struct (Arrow's usual inference) or as JSON text; JSON is the way between."""
    if not (kind.startswith("STRUCT") or kind in {"VARCHAR", "JSON"}):
        raise HistoryError(
            f"Column labels is {kind}; expected a map or a struct of text, or JSON text.",
            hint="rename the column if it is something else; any column can be grouped by.",
        )
    text = FunctionExpression("to_json", column) if kind.startswith("STRUCT") else column
    return CoalesceOperator(text.cast(duckdb.type("JSON"))).cast(duckdb.type(COLUMNS["labels"]))


def _listed(names: Sequence[str], limit: int = 12) -> str:
    shown = ", ".join(names[:limit])
    return shown if len(names) <= limit else f"{shown}, ... ({len(names)} columns)"
