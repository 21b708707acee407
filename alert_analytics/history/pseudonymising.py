"""Persons of an input get their pseudonyms before anything of it is kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
from duckdb import CaseExpression, CoalesceOperator, ColumnExpression, ConstantExpression, FunctionExpression

from alert_analytics.alerts.fingerprints import made_anew, with_fingerprints_anew
from alert_analytics.alerts.pseudonyms import Identifiers, pseudonym
from alert_analytics.errors import HistoryError, PrivacyError, SettingsError
from alert_analytics.history.schema import LINE, labels_from
from alert_analytics.settings import Settings

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation, Expression

COLUMNS = ("assignee", "fingerprint", "message", "metadata", "origin", "rule", "service", "team")
WITHHELD = "(withheld: it could name a person)"
"""What is kept of a refused row in which no person was found where one was said to be."""

_GIVEN, _REFUSED, _NAMES = "persons_given", "persons_refused", "persons_names"
_FINGERPRINTS = "persons_fingerprints"
_CAME, _BARE, _READ = (f"__alert_analytics_{name}" for name in ("came", "bare", "read"))
_TEXT = duckdb.type("VARCHAR")


@dataclass(frozen=True)
class Field:
    """Where an input names a person: a column, a label, or a key of the metadata.

    Attributes
    ----------
    column : str
        A canonical column of text, ``labels`` or ``metadata``.
    key : str or None
        The label's or key's name.
    """

    column: str
    key: str | None = None

    @classmethod
    def of(cls, said: str) -> Field:
        """Read ``assignee``, ``label:caller`` or ``metadata:user``.

        Raises
        ------
        HistoryError
            It is none of these.
        """
        kind, mark, key = said.partition(":")
        if mark and key and kind in {"label", "metadata"}:
            return cls("labels" if kind == "label" else kind, key)
        if not mark and kind in COLUMNS:
            return cls(kind)
        raise HistoryError(
            f"pseudonymise={said!r}: expected one of {', '.join(COLUMNS)}, 'label:NAME' or 'metadata:KEY'.",
            hint="pseudonymise=['assignee', 'label:caller'].",
        )


def required_key() -> bytes:
    """The key from the environment.

    Raises
    ------
    SettingsError
        It is not set: with a key that nobody keeps, the same person would be another one in each ingest.
    """
    key = Settings.load().pseudonym_key
    if key is None:
        raise SettingsError(
            "pseudonymise= needs a key in ALERT_PSEUDONYM_KEY.",
            hint="python -c 'import secrets; print(secrets.token_hex(32))' makes one; keep it apart from the store.",
        )
    return key


def pseudonymised(
    cursor: DuckDBPyConnection, rows: DuckDBPyRelation, said: Iterable[str], key: bytes
) -> DuckDBPyRelation:
    """Put pseudonyms where rows name persons.

    The value of a field is taken whole; what a text says besides stays.

    Parameters
    ----------
    cursor : DuckDBPyConnection
        Where temporary tables live, until :func:`forget_persons`.
    rows : DuckDBPyRelation
        What a source read.
    said : iterable of str
        Fields, as :meth:`Field.of` reads them.
    key : bytes
        What pseudonyms are made with.

    Returns
    -------
    DuckDBPyRelation
        The same columns.
    """
    names = {name.lower(): name for name in rows.columns}
    kinds = dict(zip(rows.columns, map(str, rows.types), strict=True))
    wanted = list(dict.fromkeys(map(Field.of, said)))
    fields = [field for field in wanted if field.column in names]
    columns = {name: ColumnExpression(name) for name in rows.columns}
    if "labels" in names and any(field.column == "labels" for field in fields):
        labels = names["labels"]
        columns[labels] = labels_from(kinds[labels], ColumnExpression(labels))
    came = _came(names) if len(fields) == len(wanted) else ConstantExpression(False)
    was_null = ColumnExpression(names["labels"]).isnull() if "labels" in names else ConstantExpression(True)
    chosen = (column.alias(name) for name, column in columns.items())
    given = rows.select(*chosen, came.alias(_CAME), was_null.alias(_BARE))
    is_read = _is_read(fields, names).alias(_READ)
    people = [_person(field, names[field.column]).alias(_of(i)) for i, field in enumerate(fields)]
    given = given.select(duckdb.StarExpression(), is_read, *people)
    cursor.execute(f"CREATE OR REPLACE TEMP TABLE {_GIVEN} AS {given.sql_query()}")
    found: set[str] = set()
    for i in range(len(fields)):
        found |= {value for (value,) in cursor.table(_GIVEN).select(ColumnExpression(_of(i))).distinct().fetchall()}
    found.discard(None)
    _keep(cursor, {value: pseudonym(key, value) for value in sorted(found)}, _NAMES)
    made = cursor.table(_GIVEN)
    for i in range(len(fields)):
        known = cursor.table(_NAMES).select(
            ColumnExpression("value").alias(f"{_of(i)}_value"), ColumnExpression("name").alias(f"{_of(i)}_name")
        )
        made = made.join(known, ColumnExpression(_of(i)) == ColumnExpression(f"{_of(i)}_value"), how="left")
    columns = {name: ColumnExpression(name) for name in rows.columns}
    for i, field in enumerate(fields):
        column = names[field.column]
        columns[column] = _renamed(field, columns[column], ColumnExpression(f"{_of(i)}_name"))
    if {"labels", "fingerprint"} <= names.keys() and Field("fingerprint") not in fields:
        made, columns = _following_labels(cursor, made, columns, names)
    return made.select(*(column.alias(name) for name, column in columns.items()))


def without_persons(cursor: DuckDBPyConnection, judged: DuckDBPyRelation, key: bytes) -> DuckDBPyRelation:
    """Take the persons that :func:`pseudonymised` found out of what is kept of refused rows.

    Parameters
    ----------
    cursor : DuckDBPyConnection
        The one given to :func:`pseudonymised`.
    judged : DuckDBPyRelation
        The rows after they were judged.
    key : bytes
        As given there.

    Returns
    -------
    DuckDBPyRelation
        The same rows. The original of a refused one is kept, with pseudonyms, where every person that its fields name
        was found in it, or where they were read and name nobody; else nothing is kept but the reason.
    """
    refused = judged.filter(ColumnExpression("reason").isnotnull())
    cursor.execute(f"CREATE OR REPLACE TEMP TABLE {_REFUSED} AS {refused.sql_query()}")
    table = cursor.table(_REFUSED).to_arrow_table()
    if not table.num_rows:
        return judged
    people = _people_by_line(cursor)
    for column, clear in (("original", _original), ("reason", _reason)):
        texts = [
            None if text is None else clear(text, people.get(line), key)
            for line, text in zip(table["line"].to_pylist(), table[column].to_pylist(), strict=True)
        ]
        table = table.set_column(table.column_names.index(column), column, pa.array(texts, type=pa.string()))
    cursor.execute(f"DELETE FROM {_REFUSED}")
    cursor.register("handed_over", table)
    try:
        cursor.execute(f"INSERT INTO {_REFUSED} FROM handed_over")
    finally:
        cursor.unregister("handed_over")
    return judged.filter(ColumnExpression("reason").isnull()).union(cursor.table(_REFUSED))


def forget_persons(cursor: DuckDBPyConnection) -> None:
    """Drop what was noted of an input's persons."""
    cursor.execute("; ".join(f"DROP TABLE IF EXISTS {name}" for name in (_GIVEN, _REFUSED, _NAMES, _FINGERPRINTS)))


def _of(i: int) -> str:
    return f"__alert_analytics_person_{i}"


def _path(key: str) -> Expression:
    """Where a key stands in an object; a key is a name, never a path."""
    return ConstantExpression('$."' + key.replace("\\", "\\\\").replace('"', '\\"') + '"')


def _person(field: Field, column: str) -> Expression:
    given = ColumnExpression(column)
    if field.key is None:
        value = given.cast(_TEXT)
    elif field.column == "labels":
        value = FunctionExpression("map_extract_value", given, ConstantExpression(field.key))
    else:
        text = given.cast(_TEXT)
        valid = CaseExpression(FunctionExpression("json_valid", text), text).otherwise(_nothing())
        value = FunctionExpression("json_extract_string", valid, _path(field.key))
    return FunctionExpression("nullif", value, ConstantExpression(""))


def _came(names: dict[str, str]) -> Expression:
    """Whether a row is one: a payload that its source could not use has a row of nothing but the reason."""
    return (
        ColumnExpression(names["kind"]).isnotnull() if {"kind", "reason"} <= names.keys() else ConstantExpression(True)
    )


def _is_read(fields: Sequence[Field], names: dict[str, str]) -> Expression:
    """Whether what a row holds in the fields was understood, so that nobody found means that nobody is there."""
    read: Expression = ConstantExpression(True)
    for field in fields:
        value = ColumnExpression(names[field.column])
        if field.column == "labels":
            read = read & (value.isnotnull() | ColumnExpression(_BARE))
        elif field.key is not None:
            text = value.cast(_TEXT)
            valid = CaseExpression(FunctionExpression("json_valid", text), text).otherwise(_nothing())
            is_object = FunctionExpression("json_type", valid) == ConstantExpression("OBJECT")
            read = read & (value.isnull() | CoalesceOperator(is_object, ConstantExpression(False)))
    return read


def _renamed(field: Field, given: Expression, name: Expression) -> Expression:
    if field.key is None:
        put: Expression = name
    elif field.column == "labels":
        one = FunctionExpression(
            "map",
            FunctionExpression("list_value", ConstantExpression(field.key)),
            FunctionExpression("list_value", name),
        )
        put = FunctionExpression("map_concat", given, one)
    else:
        one = FunctionExpression("json_object", ConstantExpression(field.key), name)
        put = FunctionExpression("json_merge_patch", given.cast(duckdb.type("JSON")), one).cast(_TEXT)
    return CaseExpression(name.isnotnull(), put).otherwise(given)


def _following_labels(
    cursor: DuckDBPyConnection, made: DuckDBPyRelation, columns: dict[str, Expression], names: dict[str, str]
) -> tuple[DuckDBPyRelation, dict[str, Expression]]:
    """A fingerprint that was computed of the labels would say by trying who stood there: it follows the new ones."""
    fingerprint = ColumnExpression(names["fingerprint"]).cast(_TEXT)
    before, after = ColumnExpression(names["labels"]), columns[names["labels"]]
    changed = made.filter(fingerprint.isnotnull() & (before != after))
    told = changed.select(fingerprint.alias("f"), before.alias("b"), after.alias("a")).distinct().to_arrow_table()
    found = made_anew((row["f"], dict(row["b"]), dict(row["a"])) for row in told.to_pylist())
    _keep(cursor, found, _FINGERPRINTS)
    anew = cursor.table(_FINGERPRINTS).select(
        ColumnExpression("value").alias(f"{_FINGERPRINTS}_value"),
        ColumnExpression("name").alias(f"{_FINGERPRINTS}_name"),
    )
    made = made.join(anew, fingerprint == ColumnExpression(f"{_FINGERPRINTS}_value"), how="left")
    follows = CoalesceOperator(ColumnExpression(f"{_FINGERPRINTS}_name"), fingerprint)
    return made, columns | {names["fingerprint"]: follows}


def _nothing() -> Expression:
    return ConstantExpression(None).cast(_TEXT)


def _keep(cursor: DuckDBPyConnection, names: dict[str, str], as_table: str) -> None:
    table = pa.table(
        {"value": pa.array(list(names), type=pa.string()), "name": pa.array(list(names.values()), type=pa.string())}
    )
    cursor.register("handed_over", table)
    try:
        cursor.execute(f"CREATE OR REPLACE TEMP TABLE {as_table} AS FROM handed_over")
    finally:
        cursor.unregister("handed_over")


def _people_by_line(cursor: DuckDBPyConnection) -> dict[int, frozenset[str]]:
    """The persons of each line with a refused row; without the lines whose fields could not be read."""
    given = cursor.table(_GIVEN)
    place = next((name for name in (LINE, "line") if name in given.columns), None)
    if place is None:
        return {}
    people = [name for name in given.columns if name.startswith(_of(0)[:-1])]
    columns = [ColumnExpression(name) for name in (place, _CAME, _READ, *people)]
    found: dict[int, set[str]] = {}
    came, unread = set[int](), set[int]()
    refused = given.join(
        cursor.table(_REFUSED).select(ColumnExpression("line").alias("refused_line")).distinct(),
        ColumnExpression(place) == ColumnExpression("refused_line"),
    )
    for line, has_come, is_read, *values in refused.select(*columns).fetchall():
        found.setdefault(line, set()).update(value for value in values if value)
        came |= {line} if has_come else set()
        unread |= set() if is_read else {line}
    return {line: frozenset(values) for line, values in found.items() if values or line in came - unread}


def _original(text: str, people: frozenset[str] | None, key: bytes) -> str:
    """The text without the persons; withheld where they were not read, or one stands there in a way that is not known.

    Its place in the text is not known then, so nothing says what else names the person.
    """
    if people is not None and not people:
        return text
    try:
        each = [Identifiers.of(one) for one in people or ()]
    except PrivacyError:  # a name that cannot be told from other text
        return WITHHELD
    if not each or not all(one.found_in(text) for one in each):
        return WITHHELD
    return _cleared(text, people or (), key)


def _reason(text: str, people: frozenset[str] | None, key: bytes) -> str:
    try:
        return _cleared(text, people or (), key)
    except PrivacyError:  # nobody, or a name that cannot be told from other text
        return text


def _cleared(text: str, people: Iterable[str], key: bytes) -> str:
    identifiers = Identifiers.of(people)
    names = [pseudonym(key, one) for one in identifiers.texts]
    cleared: str = identifiers.replaced(text, names)
    return with_fingerprints_anew(text, cleared, lambda labels: identifiers.replaced(labels, names))
