"""The canonical columns of an alert, and how a table that has only some of them gets the rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import duckdb
from duckdb import CaseExpression, CoalesceOperator, ColumnExpression, ConstantExpression, FunctionExpression

from alert_analytics.engine import OpenAnswer, run, stacked
from alert_analytics.errors import HistoryError
from alert_analytics.history.times import in_utc, is_zoned, iso_time

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

EVENT_COLUMNS: dict[str, str] = {"kind": "VARCHAR", "happened_at": "TIMESTAMP", "sequence": "BIGINT"}
"""What a source's row has besides, where it is an event; a row without a kind tells of a whole alert."""

TIMES = tuple(name for name, kind in COLUMNS.items() if kind == "TIMESTAMP")
SEVERITIES = ("info", "low", "medium", "high", "critical")
"""From least to most severe."""

EXTRA = "extra:"
"""What stands before the name of a column that is not canonical, so that it can collide with none of ours."""

LINE, ORIGINAL = "__alert_analytics_line", "__alert_analytics_row"
"""What a row's place in its input and the row as it came are called in a table that is not a source's; nobody's own
column is called so."""

_NUMBERS = ("INT", "DOUBLE", "FLOAT", "DECIMAL")
_NOTHING = '"NULL"'  # the type of a column without any value


def canonical(
    cursor: DuckDBPyConnection,
    given: DuckDBPyRelation,
    *,
    tenant: str | None = None,
    source: str = "table",
    keep_extras: bool = True,
    lasting: bool = False,
    from_source: bool = False,
) -> OpenAnswer:
    """Bring a table with some of the canonical columns into the full canonical shape, each row judged.

    Parameters
    ----------
    cursor : DuckDBPyConnection
        Where the views live.
    given : DuckDBPyRelation
        Rows with at least ``fired_at``; canonical columns are found in any case, as the database takes names. The
        place of a row and the row as it came are read from :data:`LINE` and :data:`ORIGINAL` where they are there.
    tenant : str, optional
        The tenant of rows that name none (``default`` where not given); a row that names another one is refused.
    source : str
        The source of rows that name none.
    keep_extras : bool
        Whether columns that are not canonical stay, under their names behind :data:`EXTRA`.
    lasting : bool
        Whether other cursors of the database are to see the views behind the answer.
    from_source : bool
        Whether a source made the rows: then ``line``, ``original`` and ``reason`` (its own objection to the row) are
        its words about the row, not columns of somebody's table.

    Returns
    -------
    OpenAnswer
        The canonical columns and those of an event, then ``line``, ``original`` and ``reason`` (null for a sound row),
        then the extras. ``alert_id`` is the one given.

    Raises
    ------
    HistoryError
        There is no ``fired_at``, or a column is of a type that cannot be read.
    """
    names = {name.lower(): name for name in given.columns}
    if "fired_at" not in names and not (from_source and "kind" in names):
        raise HistoryError(
            f"No column fired_at among {_listed([name for name in given.columns if name not in {LINE, ORIGINAL}])}.",
            hint="`alert-analytics inspect FILE` writes the mapping of the table's columns for you; in Python it is "
            "aa.sources.Tabular(columns={'fired_at': ...}).",
        )
    given = given if ORIGINAL in names or (from_source and "original" in names) else given.set_alias(ORIGINAL)
    kinds = dict(zip(given.columns, map(str, given.types), strict=True))
    wanted = COLUMNS | (EVENT_COLUMNS if from_source else {})
    read = {name: _column(name, names[name], kinds[names[name]], given) for name in wanted if name in names}
    read["kind"] = CoalesceOperator(read.get("kind", _null("VARCHAR")), ConstantExpression("row"))
    columns = [read.get(name, _null(kind)).alias(name) for name, kind in (COLUMNS | EVENT_COLUMNS).items()]
    columns += _about_rows(kinds, from_source, _objections(read, names, kinds))
    if keep_extras:
        columns += _extras(kinds)
    rows = given.select(*columns, *_declared(tenant, source))
    worded = run(cursor, "worded", package=_PACKAGE, relations={"given": rows}, lasting=lasting).relation
    return run(cursor, "canonical", package=_PACKAGE, relations={"worded": worded}, lasting=lasting)


def unjudged(cursor: DuckDBPyConnection) -> DuckDBPyRelation:
    """What :func:`canonical` gave last, for a table in which nothing is wrong: the same rows, none of them judged.

    Parameters
    ----------
    cursor : DuckDBPyConnection
        Where the views of the answer live.

    Returns
    -------
    DuckDBPyRelation
        The same columns, of which each costs what reading it costs; ``reason`` has what a row could not be read for.
    """
    return run(cursor, "sound", package=_PACKAGE).relation


def identified(cursor: DuckDBPyConnection, judged: DuckDBPyRelation) -> DuckDBPyRelation:
    """Give each row of a table its fingerprint, where it came without one, and the id of its alert.

    Parameters
    ----------
    cursor : DuckDBPyConnection
        Where the rows live.
    judged : DuckDBPyRelation
        What :func:`canonical` or :func:`unjudged` gave.

    Returns
    -------
    DuckDBPyRelation
        The canonical columns, ``line``, ``original``, ``reason``, and the extras.
    """
    if _any_null(judged, "fingerprint"):
        judged = stacked(cursor, "content", package=_PACKAGE, relations={"nameless": judged})
    return stacked(cursor, "identified", package=_PACKAGE, relations={"unnamed": judged})


def kind_of(column_type: str) -> str:
    """Say in one word what a database type holds.

    Parameters
    ----------
    column_type : str
        As a relation's ``types`` has it.

    Returns
    -------
    str
        ``time``, ``a number``, ``a boolean`` or ``text`` (anything else, too).
    """
    if column_type.startswith(("TIMESTAMP", "DATE")):
        return "time"
    if any(word in column_type for word in _NUMBERS) and column_type.partition("(")[0] not in {"MAP", "STRUCT", "ENUM"}:
        return "text" if column_type.endswith("]") or column_type == "INTERVAL" else "a number"
    return "a boolean" if column_type == "BOOLEAN" else "text"


def _null(kind: str) -> Expression:
    return ConstantExpression(None).cast(duckdb.type(kind))


def _about_rows(kinds: Mapping[str, str], from_source: bool, objections: Sequence[Expression]) -> Iterator[Expression]:
    """The row as it came (packed; turned to text only where it is refused), its place, and what is wrong with it."""
    line, original = ("line", "original") if from_source else (LINE, ORIGINAL)
    yield ColumnExpression(original if original in kinds else ORIGINAL).alias("original")
    yield (ColumnExpression(line).cast(duckdb.type("BIGINT")) if line in kinds else _null("BIGINT")).alias("line")
    said = [ColumnExpression("reason").cast(duckdb.type("VARCHAR"))] if from_source and "reason" in kinds else []
    yield CoalesceOperator(*said, *objections, _null("VARCHAR")).alias("reason")


def _extras(kinds: Mapping[str, str]) -> Iterator[Expression]:
    for name, kind in kinds.items():
        if name.lower() not in COLUMNS and name not in {LINE, ORIGINAL} and not name.startswith("__index_level"):
            column = ColumnExpression(name)
            yield (in_utc(column) if is_zoned(kind) else column).alias(EXTRA + name)


def _declared(tenant: str | None, source: str) -> list[Expression]:
    """Constants that the static SQL reads as columns: a view cannot hold bound parameters."""
    return [
        ConstantExpression(tenant).cast(duckdb.type("VARCHAR")).alias("declared_tenant"),
        ConstantExpression(source).cast(duckdb.type("VARCHAR")).alias("declared_source"),
    ]


def _column(name: str, theirs: str, kind: str, given: DuckDBPyRelation) -> Expression:
    """One column in its canonical type; null where a value cannot be read."""
    wanted, column = (COLUMNS | EVENT_COLUMNS)[name], ColumnExpression(theirs)
    if kind == wanted:
        return column
    if kind == _NOTHING:
        return _null(wanted)
    if name == "labels":
        return labels_from(kind, column)
    if wanted == "TIMESTAMP":
        return _time(name, kind, column, given)
    if wanted in {"BIGINT", "DOUBLE"}:
        text = column if kind_of(kind) == "a number" else column.cast(duckdb.type("VARCHAR"))
        return text.try_cast(duckdb.type(wanted))
    return column.cast(duckdb.type(wanted))


def _time(name: str, kind: str, column: Expression, given: DuckDBPyRelation) -> Expression:
    if is_zoned(kind):
        return in_utc(column)
    if kind == "VARCHAR":
        return iso_time(FunctionExpression("trim", column), "UTC")
    if kind_of(kind) == "time":
        return column.try_cast(duckdb.type("TIMESTAMP"))
    # A column of missing values alone often arrives as floats.
    text = column.cast(duckdb.type("VARCHAR"))
    if name == "fired_at" or given.filter(column.isnotnull() & (text != ConstantExpression("nan"))).limit(1).fetchall():
        raise HistoryError(
            f"Column {name} holds {f'numbers ({kind})' if kind_of(kind) == 'a number' else kind}; expected timestamps.",
            hint=f"`--map {name}={name} ... --time-format epoch_ms` reads numbers; in Python it is "
            f"aa.sources.Tabular(columns={{'{name}': '{name}', ...}}, timestamp_format='epoch_ms').",
        )
    return _null("TIMESTAMP")


def labels_from(kind: str, column: Expression) -> Expression:
    """Labels come as a map, as a struct (Arrow's usual inference) or as JSON text; JSON is the way between."""
    if kind.startswith("MAP"):
        return column.cast(duckdb.type(COLUMNS["labels"]))
    if kind == "VARCHAR[][]":  # pandas keeps an Arrow map as a list of pairs
        flat = FunctionExpression("flatten", column)
        at = [ConstantExpression(n) for n in (1, 2, -1)]
        names, values = (FunctionExpression("list_slice", flat, first, at[2], at[1]) for first in at[:2])
        return FunctionExpression("map", names, values)
    if not (kind.startswith("STRUCT") or kind in {"VARCHAR", "JSON"}):
        raise HistoryError(
            f"Column labels is {kind}; expected a map or a struct of text, or JSON text.",
            hint="rename the column if it is something else; any column can be grouped by.",
        )
    text = (FunctionExpression("to_json", column) if kind.startswith("STRUCT") else column).cast(duckdb.type("VARCHAR"))
    json = CaseExpression(FunctionExpression("json_valid", text), text.cast(duckdb.type("JSON")))
    valid = json.otherwise(_null("JSON"))
    is_object = FunctionExpression("json_type", valid) == ConstantExpression("OBJECT")
    # A map cannot hold a name twice, and JSON can: such a row is set aside alone instead of failing all others.
    names = FunctionExpression("json_keys", valid)
    once = FunctionExpression("len", names) == FunctionExpression("len", FunctionExpression("list_distinct", names))
    # Merged into an empty object, a label without a value goes: Arrow gives every row the labels of all rows.
    known = FunctionExpression("json_merge_patch", ConstantExpression("{}"), text.cast(duckdb.type("JSON")))
    return CaseExpression(is_object & once, known.cast(duckdb.type(COLUMNS["labels"]))).otherwise(
        _null(COLUMNS["labels"])
    )


def _objections(read: Mapping[str, Expression], names: Mapping[str, str], kinds: Mapping[str, str]) -> list[Expression]:
    """For each column whose values may be unreadable, the words for one that is.

    They do not quote the value, which stands in the original: so a thousand unreadable values are one reason.
    """
    words = {"TIMESTAMP": "ISO 8601 time", "BIGINT": "whole number", "DOUBLE": "number"}
    said = []
    for name, value in read.items():
        if name not in names:
            continue
        kind, wanted = kinds[names[name]], (COLUMNS | EVENT_COLUMNS)[name]
        if kind in {wanted, _NOTHING} or wanted == "VARCHAR" or is_zoned(kind):
            continue
        column = ColumnExpression(names[name])
        text = column.cast(duckdb.type("VARCHAR"))
        is_lost = column.isnotnull() & value.isnull() & (text != ConstantExpression("nan"))
        objection = ConstantExpression(f"{name} is no {words.get(wanted, 'JSON object')}")
        said.append(CaseExpression(is_lost, objection).otherwise(_null("VARCHAR")))
    return said


def _any_null(given: DuckDBPyRelation, name: str) -> bool:
    return bool(given.filter(ColumnExpression(name).isnull()).select(name).limit(1).fetchall())


def _listed(names: Sequence[str], limit: int = 12) -> str:
    shown = ", ".join(names[:limit])
    return shown if len(names) <= limit else f"{shown}, ... ({len(names)} columns)"
