"""Rows of a store that name a person: found by the database, looked at one by one, and written with other names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
from duckdb import CoalesceOperator, ColumnExpression, ConstantExpression, FunctionExpression

from alert_analytics.alerts.compliance import SubjectExport
from alert_analytics.alerts.fingerprints import made_anew, with_fingerprints_anew
from alert_analytics.history.base import STORE
from alert_analytics.history.scope import Scope, tenant_rows

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation, Expression

    from alert_analytics.alerts.pseudonyms import Identifiers

EXPORTED = ("alerts", "alert_events", "quarantine", "ingests", "cursors")
"""What of a store is a person's to see: not what the library notes for itself, and nothing twice."""

_ROWS = 20_000  # at a time
_TEXT = duckdb.type("VARCHAR")


def could_name(rows: DuckDBPyRelation, identifiers: Identifiers) -> Expression:
    """Whether a row's text may hold an identifier; not yet whether as a whole word.

    Parameters
    ----------
    rows : DuckDBPyRelation
        Any columns; numbers and times are not looked at.
    identifiers : Identifiers
        Whom.
    """
    pattern, ignoring_case = ConstantExpression(identifiers.pattern), ConstantExpression("i")
    found: Expression = ConstantExpression(False)
    for name, kind in zip(rows.columns, map(str, rows.types), strict=True):
        if "VARCHAR" not in kind and kind != "JSON":
            continue
        column = ColumnExpression(name)
        text = column if kind == "VARCHAR" else FunctionExpression("to_json", column).cast(_TEXT)
        said = FunctionExpression("regexp_matches", text, pattern, ignoring_case)
        found = found | CoalesceOperator(said, ConstantExpression(False))
    return found


def rewritten_rows(
    rows: DuckDBPyRelation, identifiers: Identifiers, names: Sequence[str]
) -> Iterator[tuple[pa.Table, int]]:
    """Give rows with names in the place of identifiers, a part at a time, and how many of them were changed.

    Parameters
    ----------
    rows : DuckDBPyRelation
        Those that could name the person.
    identifiers, names
        Whom, and what stands for each identifier.
    """
    for batch in rows.to_arrow_reader(_ROWS):
        maps = [field.name for field in batch.schema if pa.types.is_map(field.type)]
        given = batch.to_pylist()
        made = [_renamed(row, maps, identifiers, names) for row in given]
        changed = sum(one is not other for one, other in zip(given, made, strict=True))
        yield pa.Table.from_pylist(made, schema=batch.schema), changed


def names_anyone(rows: DuckDBPyRelation, identifiers: Identifiers) -> bool:
    """Whether a row holds an identifier as a whole word."""
    chosen = rows.filter(could_name(rows, identifiers))
    return any(identifiers.found_in(row) for batch in chosen.to_arrow_reader(_ROWS) for row in batch.to_pylist())


def fingerprints_anew(
    events: DuckDBPyRelation, identifiers: Identifiers, names: Sequence[str]
) -> Iterator[tuple[int, str]]:
    """Give the timelines whose fingerprint was computed of labels that name the person, with the one to be.

    Parameters
    ----------
    events : DuckDBPyRelation
        The log.
    identifiers, names
        Whom, and what stands for each identifier.
    """
    labels = events.select("labels")
    told = events.filter(could_name(labels, identifiers)).select("timeline, fingerprint, labels").distinct()
    for batch in told.to_arrow_reader(_ROWS):
        for row in batch.to_pylist():
            before = dict(row["labels"])
            after = identifiers.replaced(before, names)
            if after != before:
                for fingerprint in made_anew([(row["fingerprint"], before, after)]).values():
                    yield row["timeline"], fingerprint


def exported(cursor: DuckDBPyConnection, tenant: str | None, identifiers: Identifiers) -> SubjectExport:
    """Collect everything in which a person's identifiers occur.

    Parameters
    ----------
    cursor : DuckDBPyConnection
        On which the store is attached.
    tenant : str or None
        Whose rows alone are looked at; None for everyone's.
    identifiers : Identifiers
        Whom.
    """
    found = {}
    for table in EXPORTED:
        rows = tenant_rows(cursor.sql(f"FROM {STORE}.{table}"), Scope(tenant=tenant))
        chosen = rows.filter(could_name(rows, identifiers))
        found[table] = [
            {name: _plain(value) for name, value in row.items()}
            for batch in chosen.to_arrow_reader(_ROWS)
            for row in batch.to_pylist()
            if identifiers.found_in(row)
        ]
    return SubjectExport(found)


def _renamed(
    row: dict[str, Any], maps: Sequence[str], identifiers: Identifiers, names: Sequence[str]
) -> dict[str, Any]:
    """The row with names for identifiers; the same object where it has none."""
    if not identifiers.found_in(row):
        return row
    made: dict[str, Any] = {column: identifiers.replaced(value, names) for column, value in row.items()}
    if row.get("original") is not None and "reason" in row:  # of the quarantine
        made["original"] = with_fingerprints_anew(
            row["original"], made["original"], lambda labels: identifiers.replaced(labels, names)
        )
    for column in maps:  # two labels can have become one, and they are kept in order
        if made[column] is not None:
            made[column] = sorted(dict(made[column]).items())
    return made


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list):  # labels come as pairs
        return {str(key): _plain(one) for key, one in value} if all(isinstance(one, tuple) for one in value) else value
    if isinstance(value, float) and value - value != 0:
        return str(value)
    return value
