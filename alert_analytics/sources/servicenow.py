"""The event log of a ServiceNow instance: one row per change of an incident, folded to one alert each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alert_analytics.engine import run
from alert_analytics.errors import SourceError
from alert_analytics.history import Batch
from alert_analytics.history.files import named
from alert_analytics.history.reading import numbered

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

NEEDED = (
    "number", "incident_state", "reassignment_count", "reopen_count", "sys_mod_count", "opened_at", "sys_updated_at",
    "contact_type", "location", "category", "subcategory", "u_symptom", "cmdb_ci", "impact", "urgency", "priority",
    "assignment_group", "assigned_to", "resolved_at",
)  # fmt: skip
"""The columns of the log that are read."""


@dataclass(frozen=True)
class ServiceNow:
    """A CSV export of the incident table's history, such as UCI data set 498.

    The event's own time is ``sys_updated_at``. ``opened_at`` and ``resolved_at`` hold final values that are repeated on
    every row, so an incident's end is taken from its last row alone: ``resolved_at``, else the time of the row that
    entered its current run of Resolved or Closed; never ``closed_at``, which is automatic and days later.

    Attributes
    ----------
    timestamp_format : str
        How times are written; they are UTC.

    Notes
    -----
    rule is the category, service the configuration item, team the assignment group, severity the priority (1 is
    critical, 5 info), acknowledgement the first row in state Active. subcategory, symptom, location, contact_type,
    impact and urgency are labels. A row in an unknown state goes to quarantine.
    """

    timestamp_format: str = "%d/%m/%Y %H:%M"

    @property
    def name(self) -> str:
        """What the alerts' ``source`` column says."""
        return "servicenow"

    def read(self, connection: DuckDBPyConnection, data: Any) -> Batch:
        """Read a log.

        Parameters
        ----------
        connection : DuckDBPyConnection
            Where the log is copied to.
        data : str, Path, or dataframe that speaks Arrow
            The log; text columns.

        Returns
        -------
        Batch
            One row an incident, and one for each record in an unknown state.

        Raises
        ------
        SourceError
            Columns of the log are missing.
        """
        raw = numbered(connection, data, all_varchar=True, header=True)
        missing = [name for name in NEEDED if name not in raw.columns]
        if missing:
            raise SourceError(
                f"{named(data)} is no ServiceNow event log: it has no {', '.join(missing[:6])}.",
                hint="`alert-analytics inspect FILE` says what it is; in Python aa.sources.Tabular reads any table.",
            )
        [(n_records,)] = raw.count("*").fetchall()
        connection.execute("SET VARIABLE servicenow_format = ?", [self.timestamp_format])
        rows = run(connection, "servicenow", package=__package__, relations={"log": raw}).relation
        return Batch(rows, n_records)
