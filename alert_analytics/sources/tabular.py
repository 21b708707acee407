"""Any table: a mapping from the canonical columns to the table's own, with its way of writing times and gaps."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import reduce
from typing import TYPE_CHECKING, Any

import duckdb
from duckdb import CaseExpression, CoalesceOperator, ColumnExpression, ConstantExpression, FunctionExpression

from alert_analytics.engine.query import text_of
from alert_analytics.errors import SourceError, nearest
from alert_analytics.history import Batch
from alert_analytics.history.files import named
from alert_analytics.history.reading import numbered
from alert_analytics.history.schema import COLUMNS, LINE, ORIGINAL, SEVERITIES, TIMES, kind_of
from alert_analytics.history.times import in_utc, is_zoned, iso_time

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation, Expression

_EPOCHS = {"epoch_s": 1_000_000, "epoch_ms": 1_000, "epoch_us": 1}
_TEXT = "VARCHAR"


@dataclass(frozen=True)
class Tabular:
    """A CSV or Parquet file, or a dataframe, whose columns are not the canonical ones.

    ``alert-analytics inspect FILE`` writes one for a file that you have not looked at yet.

    Attributes
    ----------
    columns : mapping of str to str
        Canonical column to the table's column. ``fired_at`` is required.
    timestamp_format : str
        ``"iso"`` (ISO 8601, with or without an offset), ``"epoch_s"``, ``"epoch_ms"``, ``"epoch_us"``, or a strptime
        format such as ``"%d/%m/%Y %H:%M:%S"``. Columns that are timestamps already are taken as they are.
    timezone : str
        The zone of times that carry no offset.
    missing : sequence of str
        What stands for a missing value, beside the empty text.
    severities : mapping of str to str
        The table's word to info, low, medium, high or critical; our own words need no entry.
    labels : sequence of str
        Columns of the table to keep as labels, under their names.
    delimiter : str or None
        What separates the fields of a CSV file; None lets the reader find out.
    decimal : str
        ``"."`` or ``","``, for ``value``.
    name : str
        What the alerts' ``source`` column says.

    Raises
    ------
    SourceError
        A canonical column or severity does not exist, or there is no ``fired_at``; on reading, the format or zone.

    Examples
    --------
    >>> import alert_analytics as aa
    >>> import polars as pl
    >>> tickets = pl.DataFrame({"Opened": ["31/12/2025 23:50"], "Prio": ["P1"]})
    >>> source = aa.sources.Tabular(
    ...     columns={"fired_at": "Opened", "severity": "Prio"},
    ...     timestamp_format="%d/%m/%Y %H:%M", timezone="Europe/Paris", severities={"P1": "critical"})
    >>> store = aa.AlertStore.open(":memory:")
    >>> store.ingest(tickets, source=source).n_new
    1
    >>> store.history().to_polars().select("fired_at", "severity").row(0)
    (datetime.datetime(2025, 12, 31, 22, 50), 'critical')
    """

    columns: Mapping[str, str]
    timestamp_format: str = "iso"
    timezone: str = "UTC"
    missing: Sequence[str] = ()
    severities: Mapping[str, str] = field(default_factory=dict)
    labels: Sequence[str] = ()
    delimiter: str | None = None
    decimal: str = "."
    name: str = "tabular"

    def __post_init__(self) -> None:
        plain = {"columns": dict(self.columns), "severities": dict(self.severities)}
        for name, value in (plain | {"missing": _words(self.missing), "labels": _words(self.labels)}).items():
            object.__setattr__(self, name, value)  # whatever kind of sequence was given, equal mappings are equal
        unknown = [name for name in self.columns if name not in COLUMNS]
        if unknown:
            raise SourceError(
                f"Tabular maps {unknown}; the canonical columns are {', '.join(COLUMNS)}.",
                hint=nearest(unknown, COLUMNS),
            )
        if "fired_at" not in self.columns:
            raise SourceError("Tabular maps no fired_at.", hint="name the column that says when an alert began.")
        strange = sorted(set(self.severities.values()) - set(SEVERITIES))
        if strange:
            raise SourceError(f"Tabular maps severities to {strange}; expected {', '.join(SEVERITIES)}.")
        if self.decimal not in {".", ","}:
            raise SourceError(f"Tabular has decimal={self.decimal!r}; expected '.' or ','.")

    def read(self, connection: DuckDBPyConnection, data: Any) -> Batch:
        """Read a table.

        Parameters
        ----------
        connection : DuckDBPyConnection
            Where CSV and dataframes are copied to.
        data : str, Path, or dataframe that speaks Arrow
            A path or glob of CSV or Parquet files, or the rows.

        Returns
        -------
        Batch
            One row a row; one whose time does not parse carries its reason.

        Raises
        ------
        SourceError
            The table lacks a mapped column, or the zone does not exist.
        """
        options: dict[str, Any] = {"all_varchar": True, "header": True}
        raw = numbered(connection, data, **options | ({"delimiter": self.delimiter} if self.delimiter else {}))
        wanted = [*self.columns.values(), *self.labels]
        missing = [name for name in wanted if name not in raw.columns]
        if missing:
            meant = nearest(missing, raw.columns[:-2])
            raise SourceError(
                f"{named(data)} has no column {', '.join(map(repr, missing))}; "
                f"it has {', '.join(map(repr, raw.columns[:-2]))}.",
                hint=f"{'' if meant is None else f'{meant} '}`alert-analytics inspect FILE` proposes the mapping.",
            )
        connection.execute(text_of(__package__, "tabular"))
        self._check(
            connection,
            "timezone",
            "SELECT timezone(?, TIMESTAMP '2020-01-01')::VARCHAR",
            "write 'Europe/Paris' or 'UTC'.",
        )
        if self.timestamp_format not in {"iso", *_EPOCHS}:
            known = f"write iso, {', '.join(_EPOCHS)}, or a strptime format such as %d/%m/%Y %H:%M."
            self._check(connection, "timestamp_format", "SELECT try_strptime('', ?)::VARCHAR", known)
        [(n_records,)] = raw.count("*").fetchall()
        return Batch(self._mapped(raw), n_records)

    def arguments(self) -> str:
        """Write the mapping as options of the command line.

        Returns
        -------
        str
            Quoted for a shell, such as ``--map fired_at='Open Time' --time-format iso``.
        """
        words = [part for key, column in self.columns.items() for part in ("--map", f"{key}={column}")]
        words += ["--time-format", self.timestamp_format]
        words += ["--timezone", self.timezone] if self.timezone != "UTC" else []
        words += [part for mark in self.missing for part in ("--missing", mark)]
        words += [part for word, ours in self.severities.items() for part in ("--severity", f"{word}={ours}")]
        words += [part for label in self.labels for part in ("--label", label)]
        words += ["--delimiter", self.delimiter] if self.delimiter else []
        words += ["--decimal", self.decimal] if self.decimal != "." else []
        return shlex.join(words)

    def code(self) -> str:
        """Write the mapping as Python, without what is the default."""
        default = {"timestamp_format": "iso", "timezone": "UTC", "decimal": ".", "name": "tabular"}
        given = [(one.name, getattr(self, one.name)) for one in fields(self)]
        kept = [(key, value) for key, value in given if value and default.get(key) != value]
        shown = (f"    {key}={_plain(value)!r}," for key, value in kept)
        return "aa.sources.Tabular(\n" + "\n".join(shown) + "\n)"

    # -- building the relation ----------------------------------------------------------------------------------

    def _check(self, connection: DuckDBPyConnection, name: str, query: str, hint: str) -> None:
        """Try a setting on the database that is to use it."""
        value = getattr(self, name)
        try:
            connection.execute(query, [value]).fetchall()
        except duckdb.Error as error:
            raise SourceError(f"Tabular has {name}={value!r}, which is unknown.", hint=hint) from error

    def _mapped(self, raw: DuckDBPyRelation) -> DuckDBPyRelation:
        kinds = dict(zip(raw.columns, map(str, raw.types), strict=True))
        known = {key: self._known(column, kinds[column]) for key, column in self.columns.items()}
        times = {key: self._time(known[key], kinds[self.columns[key]]) for key in self.columns if key in TIMES}
        made: dict[str, Expression] = known | times
        if "severity" in made:
            made["severity"] = self._severity(made["severity"])
        if "value" in made and self.decimal == "," and kind_of(kinds[self.columns["value"]]) == "text":
            made["value"] = FunctionExpression("with_point", made["value"])
        if self.labels:
            made["labels"] = self._labels(kinds)
        reasons = [_unread(key, known[key], time, self.timestamp_format) for key, time in times.items()]
        made["reason"] = CoalesceOperator(*reasons, ConstantExpression(None).cast(duckdb.type(_TEXT)))
        made |= {"original": ColumnExpression(ORIGINAL), "line": ColumnExpression(LINE)}
        return raw.select(*(expression.alias(name) for name, expression in made.items()))

    def _known(self, column: str, kind: str) -> Expression:
        """The column as trimmed text, missing marks as null; a timestamp stays what it is."""
        value = ColumnExpression(column)
        if kind.startswith(("TIMESTAMP", "DATE")):
            return value
        text = FunctionExpression("trim", value.cast(duckdb.type(_TEXT)))
        gone = text.isin(*(ConstantExpression(mark) for mark in {"", *self.missing}))
        return CaseExpression(gone, ConstantExpression(None)).otherwise(text)

    def _time(self, value: Expression, kind: str) -> Expression:
        zone = ConstantExpression(self.timezone)
        if is_zoned(kind):
            return in_utc(value)
        if kind.startswith(("TIMESTAMP", "DATE")):
            return FunctionExpression("in_utc", value.cast(duckdb.type("TIMESTAMP")), zone)
        if self.timestamp_format == "iso":
            return iso_time(value, self.timezone)
        if self.timestamp_format in _EPOCHS:
            return FunctionExpression("epoch_time", value, ConstantExpression(_EPOCHS[self.timestamp_format]))
        read = FunctionExpression("try_strptime", value, ConstantExpression(self.timestamp_format))
        if "%z" in self.timestamp_format:
            return FunctionExpression("timezone", ConstantExpression("UTC"), read)
        return FunctionExpression("in_utc", read, zone)

    def _severity(self, word: Expression) -> Expression:
        if not self.severities:
            return word
        pairs = [
            (word == ConstantExpression(theirs.strip()), ConstantExpression(ours))
            for theirs, ours in self.severities.items()
        ]
        first = CaseExpression(*pairs[0])
        return reduce(lambda case, pair: case.when(*pair), pairs[1:], first).otherwise(word)

    def _labels(self, kinds: Mapping[str, str]) -> Expression:
        values = [self._known(name, kinds[name]).cast(duckdb.type(_TEXT)) for name in self.labels]
        names = ConstantExpression(list(self.labels))
        return FunctionExpression("labelled", names, FunctionExpression("list_value", *values))


def _words(given: Sequence[str]) -> list[str]:
    """Each word once; a text alone is one word, not its letters."""
    return list(dict.fromkeys([given] if isinstance(given, str) else given))


def _unread(key: str, text: Expression, time: Expression, wanted: str) -> Expression:
    """Why a row is set aside; not quoting the text, which stands in the original, so that it is one reason a column."""
    said = ConstantExpression(f"{key} is no time in the format {wanted}")
    return CaseExpression(text.isnotnull() & time.isnull(), said).otherwise(ConstantExpression(None))


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    return value if isinstance(value, str) else list(value) if isinstance(value, Sequence) else value
