"""A read-only alert history: narrow it, look at it, and put questions to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
from duckdb import ColumnExpression, ConstantExpression, FunctionExpression

from alert_analytics.alerts.conditions import parse
from alert_analytics.engine import Answer, run, sandbox
from alert_analytics.errors import QueryError, UnknownColumnError
from alert_analytics.history.base import Base, base_of
from alert_analytics.history.conditions import compiled
from alert_analytics.history.describe import Description, described
from alert_analytics.history.scope import Scope, matching_rows, moment, rows_as_of, tenant_rows

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    from duckdb import DuckDBPyConnection, DuckDBPyRelation, Expression


@dataclass(frozen=True)
class Span:
    """The stretch of time in which a history's alerts could have fired.

    Attributes
    ----------
    start : datetime
        ``since=`` where given, else the first ``fired_at``.
    end : datetime
        ``until=`` where given and earlier than the watermark, else the watermark.
    """

    start: datetime
    end: datetime

    @property
    def days(self) -> float:
        """Its length in days."""
        return (self.end - self.start).total_seconds() / 86_400


class AlertHistory:
    """Alerts to ask questions of: immutable, lazily read, always under one scope.

    Open one with :meth:`open`, :meth:`AlertStore.history` or :func:`alert_analytics.datasets.sample`; narrow it with
    :meth:`tenant`, :meth:`as_of` and :meth:`where`, which commute and each return a new history.

    Examples
    --------
    >>> import alert_analytics as aa
    >>> history = aa.datasets.sample().where({"service": ["database"]})
    >>> history.where("severity >= 'high'").n_alerts < history.n_alerts
    True
    """

    def __init__(self, base: Base, scope: Scope | None = None) -> None:
        self._base = base
        self._scope = scope or Scope()

    @classmethod
    def open(cls, data: Any) -> AlertHistory:
        """Open a history straight from data in the canonical columns, one row an alert.

        A table in other columns is not guessed at: map it with :class:`alert_analytics.sources.Tabular`, or let
        ``alert-analytics inspect FILE`` write the mapping. Rows are taken as they are; folding repeats into one alert
        is what a store's ``ingest`` does.

        Parameters
        ----------
        data : AlertHistory, str, Path, dataframe that speaks Arrow, or iterable of Alert
            A Parquet or CSV path or glob, the path of a store, a pandas, polars or pyarrow table or DuckDB relation.
            Only ``fired_at`` is required. Columns that are not canonical can be grouped and filtered by.

        Returns
        -------
        AlertHistory
            Rows that break a rule are set aside; :meth:`quarantine` lists them.

        Raises
        ------
        SourceNotFoundError
            The path names nothing.
        SourceError
            The file cannot be read.
        HistoryError
            The data has no ``fired_at`` or is of no known kind.
        """
        return data if isinstance(data, AlertHistory) else cls(base_of(data))

    # -- narrowing ----------------------------------------------------------------------------------------------

    def tenant(self, name: str) -> AlertHistory:
        """Narrow to one tenant's alerts; there is no way back to others'.

        Raises
        ------
        HistoryError
            The history already belongs to another tenant.
        """
        return AlertHistory(self._base, self._scope.for_tenant(name))

    def as_of(self, when: datetime | str) -> AlertHistory:
        """Go back to what was known just before `when`, and set the watermark to it.

        Later alerts are gone; what was acknowledged or resolved later is open again. A moment after the last
        observation changes nothing: nothing is known of that time.

        Parameters
        ----------
        when : datetime or str
            A time, or ISO 8601 text; without an offset it is UTC.
        """
        return AlertHistory(self._base, self._scope.known_by(moment(when, "as_of")))

    def where(
        self,
        wanted: Mapping[str, object] | str | None = None,
        *,
        since: datetime | str | None = None,
        until: datetime | str | None = None,
    ) -> AlertHistory:
        """Narrow to alerts that satisfy a condition.

        Parameters
        ----------
        wanted : mapping or str, optional
            ``{"service": ["db", "web"], "CI Name": "x"}`` (columns or labels and the values they may have; None admits
            missing) or a rule condition such as ``"severity >= 'high' and service != 'web'"``.
        since, until : datetime or str, optional
            ``since <= fired_at < until``.

        Raises
        ------
        ConditionError
            The condition does not parse.
        UnknownColumnError
            A name is neither a column nor a label of this history.
        """
        scope = self._scope
        if isinstance(wanted, str):
            scope = scope.satisfying(parse(wanted))
        elif wanted is not None:
            scope = scope.equal_to(wanted)
        low = None if since is None else moment(since, "since")
        high = None if until is None else moment(until, "until")
        narrowed = AlertHistory(self._base, scope.fired_between(low, high))
        narrowed._relation(self._base.cursor())  # an unknown name is said here, not in a later question
        return narrowed

    # -- looking ------------------------------------------------------------------------------------------------

    @cached_property
    def n_alerts(self) -> int:
        """How many alerts are in scope."""
        return int(self._measured["n_alerts"])

    @cached_property
    def watermark(self) -> datetime | None:
        """The moment up to which the tenant's alerts are known: what is open then is right-censored there.

        The largest time observed (or what an ingest declared complete), and no later than ``as_of``. Conditions do
        not move it. None for a history without a row.
        """
        known: datetime | None = self._measured["watermark"]
        return known

    @property
    def span(self) -> Span | None:
        """When alerts in scope could have fired; None where nothing says so."""
        if self.watermark is None:
            return None
        start = self._scope.since or self._measured["first_fired_at"]
        end = min(self.watermark, self._scope.until or self.watermark)
        return None if start is None else Span(start, max(start, end))

    @property
    def settings(self) -> dict[str, object]:
        """The scope in plain values: what every result made from this history carries."""
        span = self.span
        return {
            "data": self._base.origin,
            **self._scope.described(),
            "span_start": span.start if span else None,
            "span_end": span.end if span else None,
            "watermark": self.watermark,
        }

    def describe(self) -> Description:
        """Look the history over before believing it: span, gaps, open share, nulls, and what looks wrong.

        Returns
        -------
        Description
            Prints as text and as a table in Jupyter.
        """
        counts = self.quarantine().group_by("reason").aggregate([("reason", "count")])
        refused = dict(zip(counts["reason"].to_pylist(), counts["reason_count"].to_pylist(), strict=True))
        return described(self.ask, self.settings, refused, has_identity=self._base.has_identity)

    def quarantine(self) -> pa.Table:
        """List the rows that were set aside.

        Returns
        -------
        pyarrow.Table
            ``tenant_id, source, line, reason, original``; the whole of the tenant's, whatever the other conditions.
        """
        return tenant_rows(self._base.refused(self._base.cursor()), self._scope).to_arrow_table()

    def to_arrow(self) -> pa.Table:
        """Fetch the alerts in scope, in order of ``fired_at``."""
        return self._ordered().to_arrow_table()

    def to_polars(self) -> pl.DataFrame:
        """Fetch the alerts in scope as a polars frame, in order of ``fired_at``."""
        frame: pl.DataFrame = self._ordered().pl()
        return frame

    def to_pandas(self) -> pd.DataFrame:
        """Fetch the alerts in scope as a pandas frame, in order of ``fired_at``."""
        frame: pd.DataFrame = self._ordered().df()
        return frame

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self.to_arrow().__arrow_c_stream__(requested_schema)

    # -- asking -------------------------------------------------------------------------------------------------

    def ask(
        self,
        query: str,
        *,
        package: str = "alert_analytics.analytics",
        keys: Mapping[str, Sequence[str]] | None = None,
        params: Mapping[str, object] | None = None,
    ) -> Answer:
        """Run one of the library's ``.sql`` files over the alerts in scope.

        Parameters
        ----------
        query, package : str
            ``<package>/<query>.sql``; it reads the relation ``alerts``.
        keys : mapping of str to sequence of str, optional
            For each name an extra VARCHAR[] column with the values of these columns or labels, as text.
        params : mapping of str to object, optional
            Values for ``$name`` in the file.

        Returns
        -------
        Answer
            The rows, lazily, and the SQL.
        """
        cursor = self._base.cursor()
        alerts = self._relation(cursor)
        extra = [_key(name, columns, self._resolver(alerts)) for name, columns in (keys or {}).items()]
        if extra:
            alerts = alerts.select(duckdb.StarExpression(), *extra)
        return run(cursor, query, package=package, relations={"alerts": alerts}, params=params)

    def sql(self, text: str, params: Sequence[object] | Mapping[str, object] | None = None) -> pl.DataFrame:
        """Ask in SQL of your own; the alerts in scope are the table ``alerts``.

        On a tenant's history the connection holds that tenant's rows and nothing else, external access off and
        configuration locked. On the operator's view (no tenant) the query runs on the store's own connection.

        Parameters
        ----------
        text : str
            DuckDB SQL.
        params : sequence or mapping, optional
            Values for ``?`` or ``$name`` in it.

        Raises
        ------
        QueryError
            The database refused it.
        """
        if self._scope.tenant is not None:
            cursor = self._sandbox.cursor()
        else:
            cursor = self._base.cursor()
            cursor.execute(f"CREATE OR REPLACE TEMP VIEW alerts AS {self._relation(cursor).sql_query()}")
        try:
            answer = cursor.sql(text, params=params) if params else cursor.sql(text)
            frame: pl.DataFrame = (answer or cursor.sql("SELECT 'done' AS result")).pl()
        except duckdb.Error as error:
            raise QueryError(
                f"history.sql: {str(error).splitlines()[0]}", hint="the table is called alerts."
            ) from error
        return frame

    def __repr__(self) -> str:
        where = {k: v for k, v in self._scope.described().items() if v}
        return f"<AlertHistory of {self._base.origin}: {self.n_alerts:,} alerts until {self.watermark}; scope {where}>"

    # -- inside -------------------------------------------------------------------------------------------------

    @cached_property
    def _sandbox(self) -> DuckDBPyConnection:
        return sandbox(self.to_arrow())

    @cached_property
    def _measured(self) -> dict[str, Any]:
        cursor = self._base.cursor()
        known = rows_as_of(tenant_rows(self._base.sound(cursor), self._scope), self._scope.as_of)
        whole = run(cursor, "extent", package=__package__, relations={"alerts": known}).arrow().to_pylist()[0]
        cursor = self._base.cursor()
        scoped = run(cursor, "extent", package=__package__, relations={"alerts": self._relation(cursor)})
        measured = scoped.arrow().to_pylist()[0]
        moments = (whole["last_observed"], self._base.complete_until(cursor, self._scope.tenant))
        latest = max((t for t in moments if t is not None), default=None)
        if self._scope.as_of is not None:
            # Of the time after the last observation nothing is known, whatever moment is asked for.
            unscoped = AlertHistory(self._base, Scope(tenant=self._scope.tenant)).watermark
            latest = None if unscoped is None else min(self._scope.as_of, unscoped)
        return {**measured, "watermark": latest}

    def _relation(self, cursor: DuckDBPyConnection) -> DuckDBPyRelation:
        known = rows_as_of(tenant_rows(self._base.sound(cursor), self._scope), self._scope.as_of)
        resolve = self._resolver(known)
        tests = [compiled(condition, resolve, known) for condition in self._scope.conditions]
        return matching_rows(known, self._scope, resolve, tests)

    def _ordered(self) -> DuckDBPyRelation:
        return self._relation(self._base.cursor()).order("fired_at, alert_id")

    def _resolver(self, relation: DuckDBPyRelation) -> Any:
        def resolve(name: str) -> Expression:
            if name in relation.columns:
                return ColumnExpression(name)
            if name in self._labels:
                return FunctionExpression("map_extract_value", ColumnExpression("labels"), ConstantExpression(name))
            columns = [one for one in relation.columns if one not in {"labels", "metadata"}]
            raise UnknownColumnError(
                f"No column or label {name!r}; columns: {', '.join(columns)}; labels: {', '.join(self._labels) or 'none'}.",
                hint="names are case-sensitive.",
            )

        return resolve

    @cached_property
    def _labels(self) -> list[str]:
        cursor = self._base.cursor()
        rows = tenant_rows(self._base.sound(cursor), self._scope)
        found = run(cursor, "labels", package=__package__, relations={"alerts": rows}).arrow()
        return [str(name) for name in found["label"].to_pylist()]


def _key(name: str, columns: Sequence[str], resolve: Any) -> Expression:
    text = [resolve(column).cast(duckdb.type("VARCHAR")) for column in columns]
    return FunctionExpression("list_value", *text).cast(duckdb.type("VARCHAR[]")).alias(name)


__all__ = ["AlertHistory", "Span"]
