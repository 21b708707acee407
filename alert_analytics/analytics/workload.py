"""Whom do alerts interrupt? When, how often, and how much lies on them at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from alert_analytics.analytics.metric import Metric
from alert_analytics.analytics.performance_measures import Measure, metrics
from alert_analytics.analytics.result import (
    Result,
    behind,
    check_choice,
    check_length,
    check_name,
    check_share,
    split_by,
)
from alert_analytics.analytics.suppression import SUPPRESS_BELOW, SUPPRESSED, check_suppress_below
from alert_analytics.analytics.trend_series import check_bins
from alert_analytics.analytics.workload_hours import Hours, check_zones
from alert_analytics.analytics.workload_seen import Asked, Load, loaded
from alert_analytics.analytics.workload_table import OWN_COLUMNS, busiest_first, laid_out
from alert_analytics.analytics.workload_views import by_hour, calendar, open_over_time, paths, week
from alert_analytics.analytics.workload_words import in_words
from alert_analytics.errors import HistoryError
from alert_analytics.history import AlertHistory

if TYPE_CHECKING:
    import altair as alt

_HOLDERS = ("assignee", "team")

DRAWINGS = ("hours", "week", "open")
"""What :meth:`WorkloadAnalysis.plot` can draw."""


@dataclass(frozen=True, eq=False, repr=False)
class WorkloadAnalysis(Result):
    """The load of responders, a row per group of at least five people; make one with :meth:`from_alerts`.

    Attributes
    ----------
    table : pyarrow.Table
        The columns of ``by``, then ``n_people`` (different assignees or responders, whichever are fewer), ``n_alerts``,
        ``n_unassigned``;
        ``n_interruptions``, of them ``n_business``, ``n_off``, ``n_sleep``; ``interruptions_per_week``,
        ``business_per_week``, ``off_per_week``, ``sleep_per_week`` and ``sleep_share``, each with ``_low`` and
        ``_high``; ``mean_open``, ``max_open`` (alerts open at once), ``busy_share`` (of the time with one or more);
        ``n_reassignments``, ``n_escalations``; ``acknowledge_median_s`` with its interval; ``note``. Most
        interruptions first, ``(suppressed)`` last; null where a number is not known or not to be shown.
    """

    by: tuple[str, ...] = ()
    level: float = 0.95
    counts: Load | None = None
    measures: Mapping[str, Measure] = field(default_factory=dict)
    drawn: str = "hours"
    unsaid: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def from_alerts(
        cls,
        alerts: Any,
        by: str | Sequence[str] | None = "team",
        responder: str = "assignee",
        timezone: str | Mapping[str | None, str] = "UTC",
        holidays: Iterable[date | str] | None = None,
        business: tuple[float, float] = (8, 18),
        sleep: tuple[float, float] = (22, 8),
        together: timedelta = timedelta(minutes=10),
        suppress_below: int = SUPPRESS_BELOW,
        level: float = 0.95,
    ) -> WorkloadAnalysis:
        """Ask a history for the load of its responders.

        What alerts say of people is shown for groups of at least five of them: with ``by="assignee"`` that is nobody by
        themselves, unless ``suppress_below=1`` asks for it.

        Parameters
        ----------
        alerts : AlertHistory, dataframe, path, or iterable of Alert
            What :meth:`AlertHistory.open` takes.
        by : str or sequence of str, optional
            Columns or labels; a group for each combination of their values that occurs.
        responder : str
            The column or label that says whom an alert interrupts. An alert without one interrupts nobody known. Where
            no person is named, ``responder="team"`` takes each team for one.
        timezone : str or mapping of str to str
            Whose clock counts: one zone for all, or a zone for each responder (or each value of `by`); the key None is
            for everyone else.
        holidays : iterable of date or ISO 8601 text, optional
            Days, on the responder's calendar, whose business hours are off hours.
        business, sleep : tuple of float
            From and until, in hours of the day: business Monday to Friday, sleep every day; sleep wins, and the rest is
            off.
        together : timedelta
            An alert that comes so soon after the last one of its responder belongs to the same interruption, however
            long that lasts already. It counts at its first alert.
        suppress_below : int
            Groups of fewer different people are put together in one row, ``(suppressed)``, a single one with the next
            smallest, lest a total less the others give it away; where that still stands for fewer, its numbers are
            null. People are assignees and, where `responder` is another column but ``team``, responders too: those that
            are fewer count. A group that names nobody tells nothing of anybody, and stays. So it is with hours
            (:meth:`by_hour`), cells of the week (:meth:`calendar`) and ways (:meth:`paths`). It guards the rows of one
            answer and their total, not answers by different columns that are held against each other.
        level : float
            Coverage of the intervals, in (0, 1).

        Returns
        -------
        WorkloadAnalysis
            Also for an empty history (no rows), and where nobody is named (``note`` says so).

        Raises
        ------
        HistoryError
            A zone is not known or not said, hours, holidays or lengths of time make no sense, or `suppress_below` is
            less than 1.
        UnknownColumnError
            `by` or `responder` names nothing.

        Notes
        -----
        Per week: :func:`alert_analytics.stats.rate.rate_interval` from whole days of the span, times seven; the share
        in sleep hours by clusters of days. Every alert counts when it fires:
        ``history.where("status != 'suppressed'")`` leaves out what was silenced. Tested against a clock that goes
        minute by minute through both changes of daylight saving time (``tests/oracle/test_workload.py``).

        Examples
        --------
        >>> import alert_analytics as aa
        >>> load = aa.WorkloadAnalysis.from_alerts(aa.datasets.sample(), by="assignee", timezone="Europe/Berlin")
        >>> load.to_polars()["assignee"].to_list()
        [None, '(suppressed)']
        """
        check_length("together", together)
        check_suppress_below(suppress_below)
        check_share("level", level)
        check_name("responder", responder)
        check_zones(timezone)
        hours = Hours.given(business, sleep, holidays)
        history, names = AlertHistory.open(alerts), split_by(by, OWN_COLUMNS)
        load, answer = loaded(history, Asked(names, responder, timezone, hours, together, suppress_below))
        table, measures = laid_out(load, names, level)
        load, table, measures = busiest_first(load, table, measures)
        settings = history.settings | {
            "by": list(names),
            "responder": responder,
            "timezone": timezone if isinstance(timezone, str) else f"{len(timezone)} zones told",
            "hours": hours.in_words(),
            "holidays": sorted(hours.holidays),
            "together_s": together.total_seconds(),
            "suppress_below": suppress_below,
            "level": level,
            "censored_at": history.watermark,
        }
        return cls(table, history, settings, answer.sql, names, level, load, measures, unsaid={"timezone": timezone})

    @property
    def sentence(self) -> str:
        """The load in words."""
        said = in_words(self.table.to_pylist(), self.by, self._load, self.level)
        zone = str(self.settings["timezone"])
        clock = "the responders' own zones" if zone.endswith("told") else zone
        return f"{said} Hours in {clock}: {self.settings['hours']}, else off." if self.table.num_rows else said

    @property
    def _load(self) -> Load:
        assert self.counts is not None
        return self.counts

    def alerts(self, row: int = 0) -> AlertHistory:
        """The alerts of the group in `row`.

        Raises
        ------
        HistoryError
            It is the row that stands for groups of too few people.
        """
        record = self._row(row)
        if self._load.pooled[row]:
            raise HistoryError(
                f"row {row} stands for groups of fewer than {self.settings['suppress_below']} people.",
                hint="suppress_below=1 shows each by itself.",
            )
        return behind(self.history, self.by, record)

    def plot(self, what: str = "hours") -> alt.Chart | alt.LayerChart:
        """Draw the load.

        Parameters
        ----------
        what : str
            ``hours`` (interruptions a week, stacked by hours), ``week`` (by hour and day of the week) or ``open``
            (alerts open at once over time).

        Returns
        -------
        altair.Chart or altair.LayerChart
            As :meth:`Result.plot`.

        Raises
        ------
        HistoryError
            `what` is something else.
        MissingDependencyError
            Altair is not installed.
        """
        check_choice("what", what, DRAWINGS)
        return Result.plot(replace(self, drawn=what))

    @property
    def span_length(self) -> timedelta:
        """Length of the span."""
        return (self._load.until_us - self._load.start_us) * timedelta(microseconds=1)

    def estimates(self) -> list[Metric]:
        """List every number that has an interval; see :meth:`Result.estimates`."""
        keys = [tuple(row[name] for name in self.by) for row in self.table.to_pylist()]
        # Who is put together in one row differs from stretch to stretch.
        return [one for one in metrics(self.measures, keys, {}) if SUPPRESSED not in one.key]

    def by_hour(self) -> pa.Table:
        """Say how soon alerts are acknowledged by the hour at which they fire, on the responder's clock.

        Returns
        -------
        pyarrow.Table
            The columns of ``by``, then ``hour`` (0 to 23), ``n_alerts``, ``n_interruptions``, ``n_acknowledged`` and
            ``acknowledge_median_s`` with its interval (by days; Kaplan-Meier), and ``note``: a row per group and hour
            with an alert. Hours of fewer people than ``suppress_below`` are put together in a row without an hour.
            Alerts that name nobody are not in it, as it is not known what hour it was for them.
        """
        return by_hour(self._load, self.by, self.level)

    def calendar(self) -> pa.Table:
        """Count interruptions by day of the week and hour, on the responder's clock.

        Returns
        -------
        pyarrow.Table
            The columns of ``by``, then ``weekday`` (1 for Monday to 7), ``hour`` and ``n_interruptions``: a row per
            group, day and hour, 0 where there was none. Null where fewer people than ``suppress_below`` were
            interrupted, or where the number of another such cell would follow from it.
        """
        return calendar(self._load, self.by)

    def week(self) -> pa.Table:
        """Count the interruptions of all groups that are shown, together, by day of the week and hour.

        Returns
        -------
        pyarrow.Table
            ``weekday``, ``hour`` and ``n_interruptions``, as :meth:`calendar`: 168 rows. Null where what few people of
            one group hide there would follow from it.
        """
        return week(self._load)

    def open_over_time(self, every: timedelta = timedelta(hours=1)) -> pa.Table:
        """Say how many alerts were open at once over time.

        Parameters
        ----------
        every : timedelta
            Length of a stretch; the first begins with the span, and the last may be shorter.

        Returns
        -------
        pyarrow.Table
            The columns of ``by``, then ``bucket_start`` (UTC), ``mean_open`` and ``most_open``, of the rows whose
            numbers are shown. It counts alerts, not people: a stretch is shown however few of the group hold them.

        Raises
        ------
        HistoryError
            `every` is no positive length of time, or the span has more than a million of them.
        """
        check_length("every", every)
        check_bins("every", every, self.span_length)
        return open_over_time(self._load, self.by, every)

    def paths(self) -> pa.Table:
        """Say along which ways alerts are handed on, from a store's log of events.

        Returns
        -------
        pyarrow.Table
            ``from_whom`` (null where nobody was named before), ``to_whom`` (null where the event does not say), the
            ``kind`` of event, ``n_handed``, ``median_s`` (since the alert fired; null where ways were put together),
            the most frequent first. People or teams whose rows are suppressed are ``(suppressed)`` here too, and left
            out where even together they are too few. Ways on which fewer people than ``suppress_below`` handed on, or
            were handed to, are one row without a kind, left out where those are too few.

        Raises
        ------
        HistoryError
            The history is no store's, or `by` is neither ``assignee`` nor ``team``.
        """
        if self.by not in {(holder,) for holder in _HOLDERS}:
            by = ", ".join(self.by) or "nothing"
            raise HistoryError(
                f"paths() goes from one assignee or team to the next; this analysis is by {by}.",
                hint='ask from_alerts(history, by="team").',
            )
        answer = self.history.ask("workload_paths", params={"of": self.by[0]}, with_events=True)
        return paths(answer.arrow(), self._load)
