"""What can be asked of times beyond their distribution: how they end, what moves them, whether targets are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from alert_analytics.analytics.attainment import Attainment, attainment
from alert_analytics.analytics.clocks import Clock
from alert_analytics.analytics.competing import CompetingRisks, competing_risks
from alert_analytics.analytics.hazards import HazardRatios, hazard_ratios
from alert_analytics.analytics.looks import BetweenLooks, between_looks
from alert_analytics.analytics.result import Result, as_list
from alert_analytics.analytics.suppression import SUPPRESS_BELOW, check_persons


@dataclass(frozen=True, eq=False, repr=False)
class TimesAsked(Result):
    """An analysis of times by a clock, and the further questions to it.

    Attributes
    ----------
    by : tuple of str
        Columns or labels whose values make the groups.
    level : float
        Coverage of the intervals.
    horizon_s : float
        Up to where means and shares are taken, in seconds.
    clock : Clock
        From firing to what.
    """

    by: tuple[str, ...] = ()
    level: float = 0.95
    horizon_s: float = float("nan")
    clock: Clock = field(default=Clock())

    def _check_persons(self, names: str | Sequence[str]) -> None:
        asked = self.settings.get("suppress_below", SUPPRESS_BELOW)
        check_persons(as_list(names), asked if isinstance(asked, int) else SUPPRESS_BELOW)

    def competing(self) -> CompetingRisks:
        """Ask by what alerts end: each resolution takes alerts from the others.

        Returns
        -------
        CompetingRisks
            The share that has ended by each resolution within the horizon, with its interval.

        Raises
        ------
        HistoryError
            This analysis is not of the time to resolve.

        Notes
        -----
        Aalen and Johansen; log-log intervals whose variance sums the infinitesimal jackknife over clusters.

        Examples
        --------
        >>> import alert_analytics as aa
        >>> ends = aa.ResolutionAnalysis.from_alerts(aa.datasets.sample()).competing()
        >>> ends.table["resolution"].to_pylist()
        ['automatic', 'manual']
        """
        return competing_risks(self)

    def cox(
        self,
        covariates: str | Sequence[str],
        numbers: str | Sequence[str] | None = None,
        reference: Mapping[str, str] | None = None,
    ) -> HazardRatios:
        """Ask what makes alerts resolve faster or slower, each thing beside the others.

        Parameters
        ----------
        covariates : str or sequence of str
            Columns or labels whose levels are compared; beyond the 30 with the most alerts they are one, ``(others)``,
            and alerts without a value are ``(none)``: ``((none))`` where a value is called so.
        numbers : str or sequence of str, optional
            Columns or labels that are numbers: a ratio per unit. Alerts where one is none are left out.
        reference : mapping of str to str, optional
            The level that others are held to; by default the one with the most alerts.

        Returns
        -------
        HazardRatios
            With ``by``, each group has a baseline of its own (strata), and the ratios are common to them.

        Raises
        ------
        HistoryError
            No covariate, one that stands in ``by``, a reference that is no level, or ``assignee`` where the analysis
            was not asked with ``suppress_below=1``.
        UnknownColumnError
            One names nothing.

        Notes
        -----
        Partial likelihood with Efron's ties; sandwich by clusters. ``p_proportional`` is a score test of an interaction
        with the rank of time, by clusters; with ``cluster=None`` Grambsch's and Therneau's. An alert costs a few times
        the square of the covariates it has; each distinct time of a resolution the square of all levels.

        Examples
        --------
        >>> import alert_analytics as aa
        >>> times = aa.ResolutionAnalysis.from_alerts(aa.datasets.sample())
        >>> ratios = times.cox("severity", reference={"severity": "low"}).table.to_pylist()
        >>> {row["level"]: row["hazard_ratio"] > 1 for row in ratios}["critical"]
        True
        """
        self._check_persons(covariates)
        return hazard_ratios(self, covariates, numbers, reference)

    def sla(self, targets: timedelta | Mapping[str | None, timedelta], column: str = "severity") -> Attainment:
        """Ask how many alerts are dealt with in time.

        Open alerts that are younger than their target are neither kept nor missed: Kaplan-Meier counts them as such.

        Parameters
        ----------
        targets : timedelta, or mapping of str to timedelta
            One for all, or one for each value of `column`, such as ``{"critical": timedelta(hours=1)}`` (None:
            of alerts without a value); alerts with another value have none and do not count.
        column : str
            The column or label that a mapping goes by.

        Returns
        -------
        Attainment
            A row per group (and value of `column`), the worst first.

        Raises
        ------
        HistoryError
            A target is not positive, or `column` is ``assignee`` where the analysis was not asked with
            ``suppress_below=1``.
        UnknownColumnError
            `column` names nothing.

        Notes
        -----
        One less the curve at the target, its log-log interval by clusters; where all or none were kept, Clopper's and
        Pearson's bound for as many alerts as there are effective clusters.

        Examples
        --------
        >>> from datetime import timedelta
        >>> import alert_analytics as aa
        >>> kept = aa.ResolutionAnalysis.from_alerts(aa.datasets.sample()).sla({"critical": timedelta(hours=1)})
        >>> row = kept.table.to_pylist()[0]
        >>> row["attainment_low"] < row["attainment"] < row["attainment_high"]
        True
        """
        self._check_persons(column)
        return attainment(self, targets, column)

    def between_looks(self, looked: str | timedelta = "resolved_after", q: float = 0.5) -> BetweenLooks:
        """Bound a quantile where ends are known only to lie between two looks, as when alerts are polled.

        Parameters
        ----------
        looked : str or timedelta
            The column or label that says when an alert was last seen open; or how long apart the looks are.
        q : float
            In (0, 1); .5 is the median.

        Returns
        -------
        BetweenLooks
            The quantile if all ended right after the look before, and if all ended when they were seen gone, with an
            interval that needs no assumption; and Turnbull's estimate between them.

        Raises
        ------
        HistoryError
            `q` is no share or `looked` not positive.
        UnknownColumnError
            `looked` names nothing.
        """
        return between_looks(self, looked, q)
