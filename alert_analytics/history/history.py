"""A read-only alert history: narrow it, look at it, and put questions to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from alert_analytics.alerts.conditions import parse
from alert_analytics.engine import Answer, run, run_free, sandbox
from alert_analytics.errors import HistoryError, QueryError
from alert_analytics.history.base import Base, base_of
from alert_analytics.history.context import TENANT
from alert_analytics.history.contextual import Contextual
from alert_analytics.history.describe import QUESTIONS, Description, described
from alert_analytics.history.scope import Scope, moment, tenant_rows
from alert_analytics.history.view import View
from alert_analytics.tables import counted

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

_LIBRARY = "alert_analytics"


@dataclass(frozen=True)
class Span:
    """The stretch of time in which a history's alerts could have fired: the history's, whatever its conditions.

    Attributes
    ----------
    start : datetime
        The first ``fired_at`` of all of the tenant's alerts, or ``since=`` where given and later. Nothing is known of
        the time before the first record.
    end : datetime
        ``until=`` where given and earlier than the watermark, else the watermark.
    not_at_risk : timedelta
        How much of it lies in maintenance windows for every alert. Those for some alerts only take time from these;
        :attr:`AlertHistory.at_risk` knows it.
    """

    start: datetime
    end: datetime
    not_at_risk: timedelta = timedelta(0)

    @property
    def days(self) -> float:
        """Its length in days."""
        return (self.end - self.start).total_seconds() / 86_400

    @property
    def days_at_risk(self) -> float:
        """Its length in days without maintenance windows for every alert."""
        return self.days - self.not_at_risk.total_seconds() / 86_400


class AlertHistory(Contextual):
    """Alerts to ask questions of: immutable, lazily read, always under one scope.

    Open one with :meth:`open`, :meth:`AlertStore.history` or :func:`alert_analytics.datasets.sample`; narrow it with
    :meth:`tenant`, :meth:`as_of` and :meth:`where`; tell it what else you know with :meth:`enrich`,
    :meth:`outside_maintenance` and :meth:`incidents`. They commute, and each returns a new history.

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
        self._view = View(base, self._scope)

    @classmethod
    def open(cls, data: Any) -> AlertHistory:
        """Open a history straight from data in the canonical columns, one row an alert.

        A table in other columns is not guessed at: map it with :class:`alert_analytics.sources.Tabular`, or let
        ``alert-analytics inspect FILE`` write the mapping. Rows are taken as they are; folding repeats into one alert
        is what a store's ``ingest`` does.

        Parameters
        ----------
        data : AlertHistory, AlertStore, str, Path, dataframe that speaks Arrow, or iterable of Alert
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
        if isinstance(data, AlertHistory):
            return data
        history = getattr(data, "history", None)  # a store: it imports this module, so it is known by what it does
        if callable(history) and isinstance(found := history(), AlertHistory):
            return found
        return cls(base_of(data))

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

        Later alerts are gone; what was acknowledged or resolved later is open again. A store folds its alerts anew from
        the events observed by then, so rule, team, severity, assignee and labels are those known then. Where a table's
        row is the only word about an alert (and in a history opened from a table), they are those of the row. A moment
        after the last observation changes nothing: nothing is known of that time.

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
        HistoryError
            A value is none that the database can hold.
        """
        scope = self._scope
        if isinstance(wanted, str):
            scope = scope.satisfying(parse(wanted))
        elif wanted is not None and not isinstance(wanted, Mapping):
            raise HistoryError(
                f"where({wanted!r}); expected a mapping or a condition.",
                hint="where({'service': 'db'}) or where(\"service == 'db'\")",
            )
        elif wanted is not None:
            scope = scope.equal_to(wanted)
        low = None if since is None else moment(since, "since")
        high = None if until is None else moment(until, "until")
        narrowed = AlertHistory(self._base, scope.fired_between(low, high))
        narrowed._view.relation(self._base.cursor())  # an unknown name is said here, not in a later question
        return narrowed

    def with_past(self) -> AlertHistory:
        """Take ``since=`` back: the same alerts, and those that fired before. Everything else stays narrowed."""
        return AlertHistory(self._base, replace(self._scope, since=None))

    def over_all_time(self) -> AlertHistory:
        """Take ``since=`` and ``until=`` back; everything else stays narrowed."""
        return AlertHistory(self._base, replace(self._scope, since=None, until=None))

    # -- looking ------------------------------------------------------------------------------------------------

    @property
    def n_alerts(self) -> int:
        """How many alerts are in scope."""
        return int(self._view.measured["n_alerts"])

    @property
    def watermark(self) -> datetime | None:
        """The moment up to which the tenant's alerts are known: what is open then is right-censored there.

        The largest time observed (or what an ingest declared complete), and no later than ``as_of``. Conditions do
        not move it. None for a history without a row.
        """
        known: datetime | None = self._view.measured["watermark"]
        return known

    @property
    def span(self) -> Span | None:
        """When alerts in scope could have fired; None where nothing says so.

        Conditions do not move it, so that the alerts behind a row of an answer are counted over the same time as the
        row; ``since=``, ``until=`` and :meth:`as_of` do.
        """
        if self.watermark is None:
            return None
        first = self._view.measured["first_fired_at"]
        if first is None:
            return None
        start = max(first, self._scope.since or first)
        end = min(self.watermark, self._scope.until or self.watermark)
        end = max(start, end)
        return Span(start, end, self._not_at_risk(start, end))

    def _not_at_risk(self, start: datetime, end: datetime) -> timedelta:
        if (risk := self.at_risk) is None:
            return timedelta(0)
        cell = [self._scope.tenant if name == TENANT else None for name in risk.by]
        return end - start - timedelta(seconds=float(risk.seconds(cell, [start, end])[0]))

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
            **({"not_at_risk_s": span.not_at_risk.total_seconds()} if span and self.at_risk else {}),
        }

    def describe(self) -> Description:
        """Look the history over before believing it: span, gaps, open share, nulls, and what looks wrong.

        Returns
        -------
        Description
            Prints as text and as a table in Jupyter.
        """
        counts = Counter(self.quarantine()["reason"].to_pylist()).items()
        refused = dict(sorted(counts, key=lambda item: (-item[1], item[0])))
        return described(self.ask, self.settings, refused, has_identity=self._base.has_identity)

    def quarantine(self) -> pa.Table:
        """List the rows that were set aside.

        Returns
        -------
        pyarrow.Table
            ``tenant_id, source, line, reason, original``; the whole of the tenant's, whatever the other conditions.
        """
        rows = tenant_rows(self._base.refused(self._base.cursor()), self._scope)
        return self._view.fetched(rows.order("source, line, original"), "to_arrow_table")

    def to_arrow(self) -> pa.Table:
        """Fetch the alerts in scope, in order of ``fired_at``."""
        return self._view.fetched(self._view.ordered(), "to_arrow_table")

    def to_polars(self) -> pl.DataFrame:
        """Fetch the alerts in scope as a polars frame, in order of ``fired_at``."""
        frame: pl.DataFrame = self._view.fetched(self._view.ordered(), "pl")
        return frame

    def to_pandas(self) -> pd.DataFrame:
        """Fetch the alerts in scope as a pandas frame, in order of ``fired_at``."""
        frame: pd.DataFrame = self._view.fetched(self._view.ordered(), "df")
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
        with_events: bool = False,
    ) -> Answer:
        """Run one of the library's ``.sql`` files over the alerts in scope.

        Parameters
        ----------
        query, package : str
            ``<package>/<query>.sql`` in a package of the library; it reads the relation ``alerts`` and nothing else.
        keys : mapping of str to sequence of str, optional
            For each name an extra VARCHAR[] column with the values of these columns or labels, as text, and the same as
            a STRUCT under the name and ``_fields``: what groups by it is several times as fast, and
            ``coalesce(to_json(x_fields) ->> '$.*', [])`` makes a list of what is left.
        params : mapping of str to object, optional
            Values for ``$name`` in the file.
        with_events : bool
            Whether it also reads ``events``: what a store was told of the tenant's alerts, one change at a time.

        Returns
        -------
        Answer
            The rows, lazily, and the SQL.

        Raises
        ------
        QueryError
            There is no such query.
        HistoryError
            Events are wanted of a history that is no store's.
        """
        # The files that keep the store read and write every tenant's rows.
        if package.partition(".")[0] != _LIBRARY or (package == __package__ and query not in QUESTIONS):
            raise QueryError(
                f"{package} has no query {query!r} for a history.", hint="history.sql(...) takes SQL text."
            )
        cursor = self._base.cursor()
        relations = {"alerts": self._view.relation(cursor, keys or {})}
        if with_events:
            relations["events"] = self._view.events(cursor)
        return run(cursor, query, package=package, relations=relations, params=params).closed()

    def sql(self, text: str, params: Sequence[object] | Mapping[str, object] | None = None) -> pl.DataFrame:
        """Ask in SQL of your own, one query, reading only; the alerts in scope are the table ``alerts``.

        On a tenant's history the connection holds that tenant's rows and nothing else, external access off and
        configuration locked. On the operator's view (no tenant) the query runs on the store's own connection and may
        read files.

        Parameters
        ----------
        text : str
            DuckDB SQL.
        params : sequence or mapping, optional
            Values for ``?`` or ``$name`` in it.

        Raises
        ------
        QueryError
            It is not one query, or the database refused it.
        """
        if self._scope.tenant is not None:
            cursor = self._view.once("sandbox", lambda: sandbox(self.to_arrow())).cursor()
        else:
            cursor = self._base.cursor()
            cursor.execute(f"CREATE OR REPLACE TEMP VIEW alerts AS {self._view.relation(cursor).sql_query()}")
        try:
            rows = run_free(cursor, text, params)
            if any("INTERVAL" in str(kind) for kind in rows.types):
                raise QueryError(
                    "history.sql: a column holds intervals, which a polars frame cannot.",
                    hint="epoch(resolved_at - fired_at) gives seconds.",
                )
            frame: pl.DataFrame = rows.pl()
        except (duckdb.Error, pa.ArrowException, UnicodeError) as error:
            raise QueryError(
                f"history.sql: {str(error).splitlines()[0]}", hint="the table is called alerts."
            ) from error
        return frame

    def __repr__(self) -> str:
        where = {k: v for k, v in self._scope.described().items() if v}
        many = counted(self.n_alerts, "alert")
        return f"<AlertHistory of {self._base.origin}: {many} until {self.watermark}; scope {where}>"


__all__ = ["AlertHistory", "Span"]
