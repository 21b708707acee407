"""The store: one DuckDB file that alert histories are ingested into."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING, Any

import duckdb

from alert_analytics.engine import attach, connect
from alert_analytics.engine.failures import hint_for
from alert_analytics.engine.query import text_of
from alert_analytics.engine.spilling import beside, clear
from alert_analytics.errors import AlertAnalyticsError, HistoryError, SourceError
from alert_analytics.history.base import STORE, Base, check_store, is_database
from alert_analytics.history.compliance import Compliance
from alert_analytics.history.files import Files, named
from alert_analytics.history.history import AlertHistory
from alert_analytics.history.merge import Cursor, merge
from alert_analytics.history.migration import prepare
from alert_analytics.history.pseudonymising import forget_persons, pseudonymised, required_key, without_persons
from alert_analytics.history.reading import rows_of
from alert_analytics.history.report import IngestReport
from alert_analytics.history.rewriting import clear_left_over
from alert_analytics.history.schema import canonical
from alert_analytics.history.scope import Scope, moment
from alert_analytics.history.source import Batch, Source, source_named

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_MEMORY = ":memory:"


def _record(original: str) -> dict[str, Any] | None:
    """The row or payload that was set aside; None for text that was no record to begin with."""
    try:
        record = json.loads(original)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


class AlertStore(Compliance):
    """Alerts in one DuckDB file. Open it with :meth:`open`; it is also a context manager.

    Examples
    --------
    >>> import alert_analytics as aa
    >>> with aa.AlertStore.open(":memory:") as store:
    ...     report = store.ingest(aa.datasets.sample_path() / "alerts.parquet")
    >>> report.n_read == report.n_new
    True
    """

    def __init__(self, connection: DuckDBPyConnection, path: str, tenant: str | None) -> None:
        self._connection = connection
        self._base = Base(connection, rows=f"{STORE}.alerts", origin=path, in_store=True)
        self._path = path
        self._tenant = tenant
        self._writing = Lock()

    @classmethod
    def open(cls, path: str | Path = _MEMORY, *, tenant: str | None = None) -> AlertStore:
        """Open a store, creating it where it is absent.

        Parameters
        ----------
        path : str or Path
            The file, or ``":memory:"``.
        tenant : str, optional
            Whose alerts come and go through this object: rows that name no tenant get it, rows that name another are
            set aside, and its histories see no other. Without it the store is the operator's.

        Raises
        ------
        StoreLockedError
            Another process has it, or this one has it open already.
        SourceError
            The file is no store.
        HistoryError
            The tenant is no name.
        """
        Scope(tenant=tenant)  # refuses what is no name before anything is made
        # Left to itself the database takes a CSV file for a database without tables.
        if Path(path).is_file() and Path(path).stat().st_size and not is_database(path):
            raise SourceError(
                f"{path}: no DuckDB database, so no alert store.",
                hint="give the store a path of its own; ingest then reads this file into it.",
            )
        store = None if str(path) == _MEMORY else Path(path)
        connection = connect(store)
        try:
            attach(connection, Path(path), name=STORE)
            check_store(connection, path, for_writing=True)
            prepare(connection, str(path))
        except AlertAnalyticsError:
            connection.close()  # whoever keeps the error must not keep the file
            raise
        except duckdb.Error as error:
            connection.close()
            said = str(error).splitlines()[0]
            raise SourceError(f"{path}: cannot be opened as a store ({said}).", hint=hint_for(said)) from error
        if store is not None:
            # Who holds the lock of the file is alone: what lies there is left of a process that was killed.
            clear_left_over(path)
            clear(beside(store))
        return cls(connection, str(path), tenant)

    def ingest(
        self,
        data: Any,
        *,
        source: str | Source | None = None,
        complete_until: datetime | str | None = None,
        cursor: Cursor | None = None,
        pseudonymise: Iterable[str] = (),
    ) -> IngestReport:
        """Add alerts. The same input twice, in any order, gives the same store.

        What retention or :meth:`erase` took away is there again once an input that holds it is ingested again; persons
        do not come back where `pseudonymise` names their fields, with the same key.

        Split in any way as well, where its rows have an identity (a fingerprint, or an event log's). Without one, a row
        that comes again resolved is another alert, and identical rows of two inputs count once.

        Parameters
        ----------
        data : str, Path, or dataframe that speaks Arrow
            What the source reads; without a source, anything that :meth:`AlertHistory.open` takes.
        source : str or Source, optional
            The name of an installed source (``"servicenow"``) or one made to measure, such as
            :class:`alert_analytics.sources.Tabular`.
        complete_until : datetime or str, optional
            Until when the input is known to hold every alert, if later than its last observation. It is said of the
            tenants whose alerts the input holds, and of this store's own where it was opened for one.
        cursor : Cursor, optional
            How far a pull has come: moved in the transaction of this ingest.
        pseudonymise : iterable of str, optional
            Where the input names persons: columns of text (``"assignee"``), labels (``"label:caller"``), keys of the
            metadata (``"metadata:user"``). A keyed hash takes the place of the whole value before anything is stored;
            the key comes from the environment (``ALERT_PSEUDONYM_KEY``). What other columns say of a person stays.
            A fingerprint that was computed of the labels, as Prometheus and Alertmanager do it, follows them; an event
            without labels whose fingerprint another input explains does not. Of a row that is set aside the original
            is withheld, and so cannot be replayed, where a person that it names was not found in it, or the fields
            could not be read.

        Returns
        -------
        IngestReport
            Everything read is counted once.

        Raises
        ------
        SourceError
            The input cannot be read as that source.
        HistoryError
            It has no ``fired_at``, or `pseudonymise` names what cannot name a person.
        SettingsError
            `pseudonymise` is given, and there is no key.
        """
        until = None if complete_until is None else moment(complete_until, "complete_until")
        if until is not None and until > datetime.now(UTC).replace(tzinfo=None) + timedelta(days=1):
            raise HistoryError(
                f"complete_until={until} lies in the future; nothing can be known to be complete by then.",
                hint="say until when the input was exported.",
            )
        return self._take(data, source, until, cursor, people=tuple(pseudonymise))

    def replay_quarantine(self, source: str | Source | None = None) -> IngestReport:
        """Read the rows that were set aside once more, after a mapping was mended; those now sound leave quarantine.

        Parameters
        ----------
        source : str or Source, optional
            As for :meth:`ingest`; the rows that a source of this name set aside are read. Without it those of tables
            in the canonical columns.

        Returns
        -------
        IngestReport
            Of these rows; ``n_quarantined`` stay, with the reason that holds now.

        Raises
        ------
        SourceError
            The source cannot read them, as where a mapped column is missing; nothing has changed.
        """
        found = None if source is None else source_named(source)
        name = "table" if found is None else found.name
        params: dict[str, object] = {"source": name, "tenant": self._tenant}
        rows = self._base.cursor().execute(text_of(__package__, "quarantined"), params).fetchall()
        reports = []
        for tenant, theirs in groupby(rows, key=itemgetter(0)):
            told = [(places, line, text) for _, places, line, text in theirs if _record(text) is not None]
            if told:
                data = [text if getattr(found, "reads_payloads", False) else _record(text) for _, _, text in told]
                replayed = tuple((tuple(places), line) for places, line, _ in told)
                # Whoever named no tenant is asked again; another's row stays that tenant's.
                owner = None if tenant == "default" else str(tenant)
                reports.append(self._take(data, found, None, None, replayed=replayed, tenant=self._tenant or owner))
        return IngestReport.together(name, reports, self.history().watermark)

    def _take(
        self,
        data: Any,
        source: str | Source | None,
        complete_until: datetime | None,
        cursor: Cursor | None,
        *,
        replayed: tuple[tuple[tuple[int, ...], int | None], ...] = (),
        people: tuple[str, ...] = (),
        tenant: str | None = None,
    ) -> IngestReport:
        """Ingest; what was replayed leaves quarantine in the same transaction (and comes back where it is refused)."""
        key = required_key() if people else b""
        connection, files = self._base.cursor(), Files(data)
        found = None if source is None else source_named(source)
        name = "table" if found is None else found.name
        try:
            batch = Batch(rows_of(connection, data), None) if found is None else found.read(connection, data)
            rows = pseudonymised(connection, batch.rows, people, key) if people else batch.rows
            judged = canonical(
                connection,
                rows,
                tenant=tenant or self._tenant,
                source=name,
                keep_extras=False,
                from_source=found is not None,
            ).relation
            judged = without_persons(connection, judged, key) if people else judged
            with self._writing:
                counts, reasons = merge(
                    connection,
                    judged,
                    tenant=tenant or self._tenant,
                    source=name,
                    complete_until=complete_until,
                    moved=cursor,
                    replayed=replayed,
                    whole=files.check,
                )
        except duckdb.Error as error:  # of the reading; merge has its own words
            said = str(error).splitlines()[0]
            raise SourceError(f"{named(data)}: cannot be read ({said}).", hint=hint_for(said)) from error
        finally:
            with suppress(duckdb.Error):
                forget_persons(connection)
                connection.close()  # with the input as it came: all that is wanted is stored
        return IngestReport(
            source=name,
            n_records=counts["n_read"] if batch.n_records is None else batch.n_records,
            **counts,
            watermark=self.history().watermark,
            reasons=reasons,
        )

    def cursor(self, name: str) -> str | None:
        """Say where a pull left off: the value of the cursor of that name, None where there is none.

        Parameters
        ----------
        name : str
            As given to :meth:`ingest` in a :class:`Cursor`.
        """
        rows = self._base.cursor().execute(
            f"SELECT value FROM {STORE}.cursors WHERE tenant_id = ? AND name = ?", [self._tenant or "", name]
        )
        [value] = rows.fetchone() or [None]
        return value

    @property
    def is_untouched(self) -> bool:
        """Whether nothing was ever ingested into it."""
        return self._base.version() == 0

    def history(self) -> AlertHistory:
        """Look at the store's alerts: the tenant's where the store was opened for one, else everyone's.

        Returns
        -------
        AlertHistory
            Read-only; it sees what is ingested later.
        """
        return AlertHistory(self._base, Scope(tenant=self._tenant))

    def close(self) -> None:
        """Let go of the file; histories of this store can no longer be asked."""
        self._connection.close()

    def __enter__(self) -> AlertStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        whose = "every tenant" if self._tenant is None else f"tenant {self._tenant!r}"
        return f"<AlertStore {self._path}, {whose}>"
