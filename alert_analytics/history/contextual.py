"""What a history can be told beside its alerts: tables, maintenance windows, what an incident is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

from alert_analytics.alerts.incidents import check_policy
from alert_analytics.errors import HistoryError
from alert_analytics.history.enrichment import enrichment
from alert_analytics.history.gathering import Gathering
from alert_analytics.history.maintenance import AtRisk, Maintenance, maintenance

if TYPE_CHECKING:
    from alert_analytics.alerts.incidents import IncidentPolicy
    from alert_analytics.history.base import Base
    from alert_analytics.history.context import Context
    from alert_analytics.history.scope import Scope
    from alert_analytics.history.view import View


class Contextual:
    """The part of :class:`AlertHistory` that takes in what else is known of its alerts.

    Each method returns a new history, and commutes with ``tenant``, ``as_of`` and ``where``: whatever the order of the
    calls, conditions hold for alerts with all that is known of them.
    """

    _base: Base
    _scope: Scope
    _view: View

    if TYPE_CHECKING:

        def __init__(self, base: Base, scope: Scope | None = None) -> None: ...

    def enrich(
        self,
        table: Any,
        on: str | Sequence[str] | Mapping[str, str],
        *,
        at: str = "fired_at",
        columns: str | Sequence[str] | Mapping[str, str] | None = None,
        prefix: str = "",
        valid_from: str | None = None,
        valid_to: str | None = None,
        age: str | None = None,
    ) -> Self:
        """Give alerts the columns of a table; they then work like the alerts' own in every ``by=`` and ``where``.

        A table that says from when its rows are valid is joined point in time: an alert gets the row that was valid at
        its time, and never one that began later. One that does not is taken for true at all times. What a service
        catalogue says today is not what was so last year.

        Parameters
        ----------
        table : str, Path, anything that speaks Arrow, or list of mappings
            A CSV or Parquet path or glob, a pandas, polars or pyarrow table, a DuckDB relation, or a dict for each row.
            CSV is read as text, as it is written (a version 1.10 is no number); conditions compare it with numbers all
            the same. A column ``tenant_id`` is joined on too: no row reaches another tenant's alerts. Without one the
            rows are for everyone.
        on : str, sequence of str, or mapping of str to str
            Columns or labels of the alerts that equal columns of the table; a mapping where the names differ. A missing
            value equals nothing.
        at : str
            The alerts' time at which a row has to be valid; an alert without it gets nothing.
        columns : str, sequence of str, or mapping of str to str, optional
            Which columns of the table to take; a mapping gives them other names. All but those of `on` and of validity
            where not given.
        prefix : str
            Put before the names of columns that `columns` does not rename.
        valid_from, valid_to : str, optional
            The table's columns that say from when until when a row holds (no longer at its end; without an end it still
            does); by default those so called, where it has them. Of several rows that hold, the one that began last
            counts, and where that has ended the one before it again. Times without a zone are UTC, text is ISO 8601.
        age : str, optional
            The name of one more column: the seconds that the row had been valid at the alert's time, such as
            ``"deployment_age_s"``.

        Returns
        -------
        AlertHistory
            The same alerts, each once; null where the table has no row.

        Raises
        ------
        SourceError
            The file cannot be read.
        HistoryError
            The table says two things of one key at one time, a time cannot be read, or a column exists already.
        UnknownColumnError
            A name is not there.

        Notes
        -----
        The oracle is a loop over alerts and rows.

        Examples
        --------
        >>> import alert_analytics as aa
        >>> versions = [{"service": "checkout", "version": "1.9", "deployed_at": "2025-09-01"},
        ...             {"service": "checkout", "version": "1.10", "deployed_at": "2025-10-20T14:00+02:00"}]
        >>> history = aa.datasets.sample().enrich(versions, on="service", valid_from="deployed_at", age="age_s")
        >>> history.where({"version": "1.10"}).where("age_s < 86400").n_alerts > 0  # of the first day after it
        True
        """
        found = enrichment(
            self._base.cursor(),
            table,
            on,
            tenant=self._scope.tenant,
            at=at,
            columns=columns,
            prefix=prefix,
            valid_from=valid_from,
            valid_to=valid_to,
            age=age,
        )
        told = self._knowing(found)
        if hidden := [name for name in found.names if name in self._view.labels]:
            raise HistoryError(
                f"The alerts have a label {', '.join(map(repr, hidden))} already.",
                hint='give the column another name: columns={"region": "home_region"}, or prefix="catalogue_".',
            )
        return told

    def outside_maintenance(
        self,
        table: Any,
        on: str | Sequence[str] | Mapping[str, str] | None = None,
        *,
        valid_from: str | None = None,
        valid_to: str | None = None,
    ) -> Self:
        """Leave out alerts that fired in maintenance windows, and the time inside: it was not at risk.

        Rates (``alerts_per_day``, the trend's weekly totals) then are per time at risk. Only when an alert fired
        matters: one from before a window keeps its whole time to resolve.

        Parameters
        ----------
        table : str, Path, anything that speaks Arrow, or list of mappings
            A row a window; see :meth:`enrich`. A column ``tenant_id`` says whose.
        on : str, sequence of str, or mapping of str to str, optional
            Columns or labels of the alerts that a window is for, such as ``"service"``; a row that leaves all of them
            open is for every alert. Without `on` every row is.
        valid_from, valid_to : str, optional
            The table's columns with the windows' first instants and their ends; by default those so called.

        Returns
        -------
        AlertHistory
            The alerts outside. Windows of several calls add up.

        Raises
        ------
        SourceError
            The file cannot be read.
        HistoryError
            A window does not say from when until when it lasts.
        UnknownColumnError
            A name is not there.

        Examples
        --------
        >>> import alert_analytics as aa
        >>> windows = [{"service": "database", "valid_from": "2025-10-05", "valid_to": "2025-10-06"}]
        >>> history = aa.datasets.sample().outside_maintenance(windows, on="service")
        >>> history.where({"service": ["database"]}, since="2025-10-05", until="2025-10-06").n_alerts
        0
        """
        found = maintenance(
            self._base.cursor(), table, on, tenant=self._scope.tenant, valid_from=valid_from, valid_to=valid_to
        )
        return self._knowing(*found)

    def incidents(self, policy: IncidentPolicy) -> Self:
        """Give alerts a column ``incident``, the same for those that a policy puts together.

        Cluster-robust intervals, such as those of :class:`ResolutionAnalysis`, then take incidents for clusters. The
        column wins over a label of that name. Incidents are made of all of the tenant's alerts, so conditions do not
        change them, and of earlier firings alone, so what fires later does not either.

        Parameters
        ----------
        policy : IncidentPolicy
            Which alerts belong together.

        Returns
        -------
        AlertHistory
            The same alerts.

        Raises
        ------
        HistoryError
            There is a column ``incident`` already, or `policy` is none.
        UnknownColumnError
            The policy names neither a column nor a label.

        Notes
        -----
        An alert that was observed late, after others of its group had been, can begin an incident earlier or join two:
        then a history as of a moment in between knew other incidents. An incident is named by a hash of its tenant, its
        group and its beginning.

        Examples
        --------
        >>> import alert_analytics as aa
        >>> history = aa.datasets.sample().incidents(aa.IncidentPolicy(by="service"))
        >>> history.sql("SELECT count(DISTINCT incident) < count(*) AS fewer FROM alerts")["fewer"].item()
        True
        """
        check_policy(policy)
        return self._knowing(Gathering(policy))

    @property
    def incident_policy(self) -> IncidentPolicy | None:
        """The policy that :meth:`incidents` was told."""
        return next((one.policy for one in self._scope.context if isinstance(one, Gathering)), None)

    @property
    def at_risk(self) -> AtRisk | None:
        """When alerts could have fired and counted; None where no maintenance window was told, so: all the time."""
        parts = [one for one in self._scope.context if isinstance(one, Maintenance)]
        return AtRisk.of(parts) if parts else None

    def _knowing(self, *found: Context) -> Self:
        scope = self._scope
        for one in found:
            scope = scope.knowing(one)
        told = type(self)(self._base, scope)
        told._view.relation(self._base.cursor())  # an unknown name is said here, not in a later question
        return told
