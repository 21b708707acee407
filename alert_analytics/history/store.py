"""The store: one DuckDB file that alert histories are ingested into."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING, Any

import duckdb

from alert_analytics.engine import attach, connect
from alert_analytics.engine.failures import hint_for
from alert_analytics.engine.query import text_of
from alert_analytics.errors import AlertAnalyticsError, SourceError
from alert_analytics.history.base import STORE, Base, check_store, is_database
from alert_analytics.history.history import AlertHistory
from alert_analytics.history.merge import Cursor, merge
from alert_analytics.history.reading import Files, named, numbered
from alert_analytics.history.schema import canonical
from alert_analytics.history.scope import Scope, moment
from alert_analytics.history.source import Batch, Source, source_named

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_MEMORY = ":memory:"


@dataclass(frozen=True)
class IngestReport:
    """What became of every alert that an input held: ``n_read = n_new + n_updated + n_duplicate + n_quarantined``.

    Attributes
    ----------
    source : str
        The source's name.
    n_records : int
        Records (lines, events) in the input; several events may tell of one alert.
    n_read : int
        Alerts they tell of, and records that had to be set aside.
    n_new, n_updated, n_duplicate, n_quarantined : int
        Added; changed by what was not known before; known already; set aside with a reason.
    n_waiting : int
        Events kept whose alert's beginning is not known yet; they count in no alert until it is.
    watermark : datetime or None
        Up to when the store's alerts are known now.
    """

    source: str
    n_records: int
    n_read: int
    n_new: int
    n_updated: int
    n_duplicate: int
    n_quarantined: int
    n_waiting: int
    watermark: datetime | None

    @property
    def sentence(self) -> str:
        """The report in words."""
        waiting = f" {self.n_waiting:,} events wait for the beginning of their alert;" if self.n_waiting else ""
        return (
            f"{self.n_read:,} alerts read from {self.n_records:,} records of {self.source}: {self.n_new:,} new, "
            f"{self.n_updated:,} updated, {self.n_duplicate:,} known already, {self.n_quarantined:,} set aside;"
            f"{waiting} known until {self.watermark}."
        )

    def to_dict(self) -> dict[str, object]:
        """The counts as a plain dict."""
        return asdict(self)


class AlertStore:
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
        """
        # Left to itself the database takes a CSV file for a database without tables.
        if Path(path).is_file() and Path(path).stat().st_size and not is_database(path):
            raise SourceError(
                f"{path}: no DuckDB database, so no alert store.",
                hint="give the store a path of its own; ingest() then reads this file into it.",
            )
        connection = connect()
        try:
            attach(connection, Path(path), name=STORE)
            check_store(connection, path, may_be_new=True)
            # The views must not name the database: another tool opens the file under a name of its own.
            connection.execute(f"USE {STORE}; BEGIN TRANSACTION;\n{text_of(__package__, 'store')}\nCOMMIT; USE memory")
        except AlertAnalyticsError:
            connection.close()  # whoever keeps the error must not keep the file
            raise
        except duckdb.Error as error:
            connection.close()
            said = str(error).splitlines()[0]
            raise SourceError(f"{path}: cannot be opened as a store ({said}).", hint=hint_for(said)) from error
        return cls(connection, str(path), tenant)

    def ingest(
        self,
        data: Any,
        *,
        source: str | Source | None = None,
        complete_until: datetime | str | None = None,
        cursor: Cursor | None = None,
    ) -> IngestReport:
        """Add alerts. The same input twice, in any order, gives the same store.

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

        Returns
        -------
        IngestReport
            Everything read is counted once.

        Raises
        ------
        SourceError
            The input cannot be read as that source.
        HistoryError
            It has no ``fired_at``.
        """
        connection, files = self._base.cursor(), Files(data)
        until = None if complete_until is None else moment(complete_until, "complete_until")
        found = None if source is None else source_named(source)
        name = "table" if found is None else found.name
        try:
            batch = Batch(numbered(connection, data), None) if found is None else found.read(connection, data)
            judged = canonical(
                connection,
                batch.rows,
                tenant=self._tenant,
                source=name,
                keep_extras=False,
                from_source=found is not None,
            ).relation
            with self._writing:
                counts = merge(
                    connection,
                    judged,
                    tenant=self._tenant,
                    source=name,
                    complete_until=until,
                    moved=cursor,
                    whole=files.check,
                )
        except duckdb.Error as error:  # of the reading; merge has its own words
            said = str(error).splitlines()[0]
            raise SourceError(f"{named(data)}: cannot be read ({said}).", hint=hint_for(said)) from error
        finally:
            with suppress(duckdb.Error):
                connection.execute("DROP TABLE IF EXISTS raw")  # the input as it came; all that is wanted is stored
        return IngestReport(
            source=name,
            n_records=counts["n_read"] if batch.n_records is None else batch.n_records,
            **counts,
            watermark=self.history().watermark,
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
