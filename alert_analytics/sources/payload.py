"""What all sources of payloads share: read documents, validate them, and stage the events that they tell of."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NamedTuple, TypeVar

import pyarrow as pa
from pydantic import BaseModel, ValidationError

from alert_analytics.alerts.events import AlertEvent
from alert_analytics.history import Batch
from alert_analytics.settings import Settings
from alert_analytics.sources.documents import Document, documents
from alert_analytics.tables import printable

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

P = TypeVar("P", bound=BaseModel)
T = TypeVar("T")

_TIME, _TEXT, _COUNT = pa.timestamp("us", "UTC"), pa.string(), pa.int64()
_TYPES = {
    **dict.fromkeys(("happened_at", "observed_at", "fired_at", "acknowledged_at", "resolved_at"), _TIME),
    **dict.fromkeys(("occurrences", "escalations", "reassignments", "reopens", "notifications", "sequence"), _COUNT),
    "value": pa.float64(),
    "labels": pa.map_(_TEXT, _TEXT),
}
_FIELDS = [(name, _TYPES.get(name, _TEXT)) for name in AlertEvent._fields]
_EVENTS = pa.schema([*_FIELDS, ("line", _COUNT), ("reason", _TEXT)])
_DOCUMENTS = pa.schema([("line", _COUNT), ("text", _TEXT)])
_LOT = 10  # batches that go to the database together: each insert costs some milliseconds
_MOST = 300  # characters of a reason
_UNUSABLE = (ValueError, ArithmeticError, RecursionError)  # of which UnicodeEncodeError and ValidationError are some


class Row(NamedTuple):
    """One event, or one refusal, and the line that it comes from."""

    event: AlertEvent | None
    line: int
    reason: str | None


class PayloadSource(ABC, Generic[P]):
    """A source whose input is payloads: one JSON object each, which tells of one or more events.

    A subclass is a dataclass whose fields are what a user may override. It says what a payload looks like and which
    events it tells of; reading, validation, quarantine and staging are given.

    Attributes
    ----------
    name : str
        What the alerts' ``source`` column says.
    model : type of BaseModel
        What a payload must look like; fields that it does not name are ignored.
    envelope : tuple of str
        Keys under which an object holds a list of payloads, as an API's pages do.

    Notes
    -----
    The events of a payload depend on that payload alone, never on those before it: then splitting, shuffling and
    repeating an input changes nothing.
    """

    name: ClassVar[str]
    model: ClassVar[type[BaseModel]]
    envelope: ClassVar[tuple[str, ...]] = ()
    reads_payloads: ClassVar[bool] = True  # what was set aside is read again from the text itself

    @abstractmethod
    def events(self, payload: P) -> Iterable[AlertEvent]:
        """Say which events a payload tells of.

        Parameters
        ----------
        payload : BaseModel
            A valid one.

        Returns
        -------
        iterable of AlertEvent
            None where it tells of nothing.

        Raises
        ------
        ValueError
            It makes no sense after all; it is set aside with this text as the reason, and none of its events is used.
        """

    def losses(self, payload: P) -> Iterable[str]:
        """Say what a payload itself says it lacks; each is set aside as a reason beside the events that it tells of."""
        return ()

    def read(self, connection: DuckDBPyConnection, data: Any) -> Batch:
        """Read payloads.

        Parameters
        ----------
        connection : DuckDBPyConnection
            Where events are staged, as the temporary tables ``payload_events`` and ``payload_documents``.
        data : str, Path, file object, mapping, iterable, or dataframe that speaks Arrow
            What :func:`~alert_analytics.sources.documents.documents` reads.

        Returns
        -------
        Batch
            One row an event, and one, with its reason, for each payload that cannot be used; ``n_records`` counts
            payloads.

        Raises
        ------
        SourceError
            The input cannot be read to its end; nothing of it is used.
        """
        _stage(connection, "payload_events", _EVENTS.empty_table(), anew=True)
        _stage(connection, "payload_documents", _DOCUMENTS.empty_table(), anew=True)
        n_records = 0
        for lot in _several(_several(documents(data, self.envelope), Settings.load().batch_size), _LOT):
            _stage(connection, "payload_events", pa.concat_tables(map(self._table, lot)))
            _stage(connection, "payload_documents", pa.concat_tables(map(_texts, lot)))
            n_records += sum(map(len, lot))
        events = connection.table("payload_events").set_alias("e")
        texts = connection.table("payload_documents").set_alias("d")
        return Batch(events.join(texts, "e.line = d.line", how="left").select("e.*, d.text AS original"), n_records)

    def _table(self, batch: Sequence[Document]) -> pa.Table:
        """Bring the events of a batch into columns; a value that fits none sets its payload aside."""
        told = [self._rows(document) for document in batch]
        try:
            return _columns([row for rows in told for row in rows])
        except (*_UNUSABLE, TypeError):
            return _columns([row for rows in told for row in _fitting(rows)])

    def _rows(self, document: Document) -> list[Row]:
        line = document.line
        if document.reason is not None:
            return [Row(None, line, document.reason)]
        try:
            payload: Any = self.model.model_validate_json(document.text)
            rows = [Row(event, line, None) for event in self.events(payload)]
            rows += [Row(None, line, _short(reason)) for reason in self.losses(payload)]
        except ValidationError as error:
            return [Row(None, line, _short(_complaint(error)))]
        except _UNUSABLE as error:
            return [Row(None, line, _short(str(error) or type(error).__name__))]
        return rows


def _several(given: Iterator[T], size: int) -> Iterator[list[T]]:
    while batch := list(islice(given, size)):
        yield batch


def _fitting(rows: list[Row]) -> list[Row]:
    """The rows of one payload if they fit the columns, else its refusal."""
    try:
        _columns(rows)
    except (*_UNUSABLE, TypeError) as error:
        return [Row(None, rows[0].line, _short(f"a value does not fit: {error}"))]
    return rows


_NOTHING = (None,) * len(AlertEvent._fields)


def _columns(rows: Sequence[Row]) -> pa.Table:
    if not rows:
        return _EVENTS.empty_table()
    values = zip(*((row.event or _NOTHING) for row in rows), strict=True)
    arrays = [pa.array(column, kind) for column, (_, kind) in zip(values, _FIELDS, strict=True)]
    lines, reasons = [row.line for row in rows], [row.reason for row in rows]
    return pa.Table.from_arrays([*arrays, pa.array(lines, _COUNT), pa.array(reasons, _TEXT)], schema=_EVENTS)


def _texts(batch: Sequence[Document]) -> pa.Table:
    lines, texts = [one.line for one in batch], [one.text for one in batch]
    return pa.Table.from_arrays([pa.array(lines, _COUNT), pa.array(texts, _TEXT)], schema=_DOCUMENTS)


def _stage(connection: DuckDBPyConnection, table: str, rows: pa.Table, *, anew: bool = False) -> None:
    """Append rows to a temporary table of ours; times lose their zone, which is UTC."""
    connection.register("staged_payloads", rows)
    try:
        given = connection.table("staged_payloads")
        columns = [
            f"({name} AT TIME ZONE 'UTC') AS {name}" if kind == _TIME else name
            for name, kind in zip(rows.schema.names, rows.schema.types, strict=True)
        ]
        select = given.select(", ".join(columns)).sql_query()
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {table} AS {select}" if anew else f"INSERT INTO {table} {select}"
        )
    finally:
        connection.unregister("staged_payloads")


def _complaint(error: ValidationError) -> str:
    """The first thing wrong: field and what was expected."""
    errors = error.errors(include_url=False, include_context=False, include_input=False)
    where = ".".join(map(str, errors[0]["loc"]))
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    said = errors[0]["msg"].removeprefix("Value error, ")
    return f"{where}: {said}{more}" if where else f"{said}{more}"


def _short(reason: str) -> str:
    """A reason that can be stored and printed."""
    line = printable(" ".join(reason.encode("utf-8", "backslashreplace").decode().split()))
    return line if len(line) <= _MOST else f"{line[: _MOST - 3]}..."
