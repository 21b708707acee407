"""How long does an incident take? Until someone acknowledges it, and until all of its alerts are resolved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import nan
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from alert_analytics.alerts.incidents import IncidentPolicy, check_policy
from alert_analytics.analytics.durations import INCIDENT, Group, common_horizon
from alert_analytics.analytics.estimates import Estimate, estimates, in_words, known
from alert_analytics.analytics.result import (
    Result,
    behind,
    called,
    check_length,
    check_share,
    key_columns,
    split_by,
)
from alert_analytics.analytics.suppression import SUPPRESS_BELOW, check_persons
from alert_analytics.engine import Answer
from alert_analytics.errors import HistoryError, UnknownColumnError
from alert_analytics.history import AlertHistory
from alert_analytics.tables import counted

_TIMES = ("time_to_acknowledge", "time_to_resolve")
_OWN_COLUMNS = {
    *("n_incidents", "n_alerts", "n_acknowledged", "n_resolved", "n_open"),
    *(f"{time}_{name}{end}_s" for time in _TIMES for name in ("median", "mean") for end in ("", "_low", "_high")),
    *(f"{time}_horizon_s" for time in _TIMES),
}
_DAY = "tenant and day"
_AS_TOLD = "the source's own"


@dataclass(frozen=True, eq=False, repr=False)
class IncidentAnalysis(Result):
    """Times to acknowledge and to resolve incidents, a row per group; make one with :meth:`from_alerts`.

    ``time_to_acknowledge`` is from an incident's first firing to the first acknowledgement of any of its alerts;
    ``time_to_resolve`` to the last resolve of all of them. MTTA and MTTR in the sentence are the means of these.

    Attributes
    ----------
    table : pyarrow.Table
        The columns of ``by``, then ``n_incidents``, ``n_alerts``, ``n_acknowledged``, ``n_resolved``, ``n_open`` (all
        as of ``settings["censored_at"]``); of each time the ``_median_s`` and ``_mean_s`` (up to its ``_horizon_s``),
        each with its interval (``time_to_resolve_mean_low_s``, ...). Null where a number is not known.
    incidents : pyarrow.Table
        A row per incident: ``tenant_id``, the columns of ``by``, ``incident``, ``n_alerts``, ``began_at``,
        ``acknowledged_at``, ``resolved_at``.
    """

    by: tuple[str, ...] = ()
    level: float = 0.95
    incidents: pa.Table = field(default_factory=lambda: pa.table({}))

    @classmethod
    def from_alerts(
        cls,
        alerts: Any,
        policy: IncidentPolicy | None = None,
        by: str | Sequence[str] | None = None,
        horizon: timedelta | None = None,
        cluster: str | None = "auto",
        level: float = 0.95,
        suppress_below: int = SUPPRESS_BELOW,
    ) -> IncidentAnalysis:
        """Ask a history how its incidents went.

        Parameters
        ----------
        alerts : AlertHistory, dataframe, path, or iterable of Alert
            What :meth:`AlertHistory.open` takes. An incident counts in ``since`` to ``until`` when it began there, and
            then whole; under other conditions, only its alerts that satisfy them count.
        policy : IncidentPolicy, optional
            Which alerts belong together. Where not given: the policy that the history was told, else its column or
            label ``incident`` (alerts without one are incidents by themselves), else ``IncidentPolicy()``.
        by : str or sequence of str, optional
            Columns or labels; an incident goes by those of its first alert.
        horizon : timedelta, optional
            Up to where means are taken. By default as :meth:`ResolutionAnalysis.from_alerts` chooses it, for each time.
        cluster : str or None
            ``auto``: incidents of one tenant that began on one day are a cluster, since one cause can begin several.
            None takes every incident for itself.
        level : float
            Coverage of the intervals, in (0, 1).
        suppress_below : int
            With ``assignee`` in `by` each row is one person's: refused, unless 1 asks for groups of so few.

        Returns
        -------
        IncidentAnalysis
            Also for an empty history (no rows).

        Raises
        ------
        HistoryError
            `horizon` is not positive, `level` not between 0 and 1, `cluster` is something else, or the history has
            another policy; or rows of single persons are not asked for.
        UnknownColumnError
            `by` or the policy names nothing.

        Notes
        -----
        Open incidents are right-censored, and the curve is Kaplan-Meier's, as in :class:`ResolutionAnalysis`. They are
        censored at the watermark less the policy's gap: until then it is known which alerts joined an incident, after
        that a later one may still do. An incident that ends without an acknowledgement is censored there: the time to
        acknowledge is that of incidents which stay open for it, and where many are never acknowledged its mean can be
        longer than that of the time to resolve.

        Examples
        --------
        >>> import alert_analytics as aa
        >>> found = aa.IncidentAnalysis.from_alerts(aa.datasets.sample(), aa.IncidentPolicy(by="service"), by="service")
        >>> row = found.table.to_pylist()[0]
        >>> row["n_incidents"] < row["n_alerts"], row["time_to_acknowledge_median_s"] < row["time_to_resolve_median_s"]
        (True, True)
        """
        if horizon is not None:
            check_length("horizon", horizon)
        check_share("level", level)
        if cluster is not None and not (isinstance(cluster, str) and cluster == "auto"):
            raise HistoryError(f"cluster={cluster!r}; expected 'auto' or None.")
        if policy is not None:
            check_policy(policy)
        history, names = AlertHistory.open(alerts), split_by(by, _OWN_COLUMNS)
        check_persons(names, suppress_below)
        history, answer, used = _asked(history, policy, names)
        found = answer.arrow()
        watermark, gap = history.watermark, used.gap if used else timedelta(0)
        cut = None if watermark is None else watermark - gap
        settings = history.settings | {
            "by": list(names),
            "suppress_below": suppress_below,
            "policy": used.described() if used else _AS_TOLD,
            "cluster": _DAY if cluster else "each incident for itself",
            "level": level,
            "censored_at": cut,
        }
        table = _table(found, names, cut, horizon, cluster is not None, level)
        return cls(table, history, settings, answer.sql, names, level, _listed(found, names))

    @property
    def sentence(self) -> str:
        """How the incidents went, in words."""
        rows = self.table.to_pylist()
        if not rows:
            return "There is no alert in this history, so there is no incident."
        n, n_alerts, n_open = (sum(row[name] for row in rows) for name in ("n_incidents", "n_alerts", "n_open"))
        verb = "is" if n_alerts == 1 else "are"
        made = f"{counted(n_alerts, 'alert')} {verb} {counted(n, 'incident')}, {n_open:,} of them open"
        if not self.by:
            return f"{made}. {_said(rows[0], self.level)}"
        slow = [row for row in rows if row["time_to_resolve_median_s"] is not None]
        if not slow:
            return f"{made}; no group by {', '.join(self.by)} has half its incidents resolved."
        slowest = max(slow, key=lambda row: row["time_to_resolve_median_s"])
        groups = f"{counted(len(rows), 'group')} by {', '.join(self.by)}"
        return f"{made}. Of {groups} the slowest is {called(slowest, self.by)}: {_said(slowest, self.level)}"

    def alerts(self, row: int = 0) -> AlertHistory:
        """The alerts of the incidents in `row`."""
        record = self._row(row)
        since, until = self.settings["since"], self.settings["until"]
        policy = self.history.incident_policy
        if policy and since is None and until is None and set(self.by) <= {*policy.by, "tenant_id"}:
            return behind(self.history, self.by, record)
        mine = [one for one in self.incidents.to_pylist() if all(one[name] == record[name] for name in self.by)]
        whole = self.history.over_all_time()
        if policy:
            return whole.where({INCIDENT: [one[INCIDENT] for one in mine]})
        # A source's names for incidents are unique within a tenant only, and null where an alert stands alone.
        told = whole.ask("incident_alerts", keys={"incident": [INCIDENT]}).arrow().to_pylist()
        wanted = {(one["tenant_id"], one[INCIDENT]) for one in mine}
        return whole.where(
            {"alert_id": [one["alert_id"] for one in told if (one["tenant_id"], one["incident_id"]) in wanted]}
        )


def _asked(
    history: AlertHistory, policy: IncidentPolicy | None, names: Sequence[str]
) -> tuple[AlertHistory, Answer, IncidentPolicy | None]:
    """The history with its incidents, what became of them, and the policy; None where the source said which."""
    if policy is not None and policy != history.incident_policy:
        history = history.incidents(policy)
    elif history.incident_policy is None and not _has_incidents(history):
        history = history.incidents(IncidentPolicy())
    params = {name: history.settings[name] for name in ("since", "until")}
    keys = {"series": names, "incident": [INCIDENT]}
    return history, history.over_all_time().ask("incidents", keys=keys, params=params), history.incident_policy


def _has_incidents(history: AlertHistory) -> bool:
    try:
        history.ask("resolution_groups", keys={"series": [INCIDENT]})
    except UnknownColumnError:
        return False
    return True


def _table(
    found: pa.Table, names: Sequence[str], cut: datetime | None, horizon: timedelta | None, by_day: bool, level: float
) -> pa.Table:
    codes = found["group_code"].to_numpy()
    cluster = found["cluster_code"].to_numpy() if by_day else np.arange(codes.size)
    began, acknowledged, resolved = (_times(found[f"{name}_at"]) for name in ("began", "acknowledged", "resolved"))
    end = np.datetime64("NaT", "us") if cut is None else np.datetime64(cut, "us")
    is_acknowledged, is_resolved = acknowledged <= end, resolved <= end  # NaT is never
    last = np.where(is_resolved, resolved, end)
    seen = {
        "time_to_acknowledge": (np.where(is_acknowledged, acknowledged, last) - began, is_acknowledged),
        "time_to_resolve": (last - began, is_resolved),
    }
    rows = [np.flatnonzero(codes == code) for code in range(int(codes.max(initial=-1)) + 1)]
    n_alerts = found["n_alerts"].to_numpy()
    series = found["series"].take(pa.array([int(group[0]) for group in rows], pa.int64()))
    columns = {
        **key_columns(series, names),
        "n_incidents": pa.array([group.size for group in rows], pa.int64()),
        "n_alerts": pa.array([int(n_alerts[group].sum()) for group in rows], pa.int64()),
        "n_acknowledged": pa.array([int(is_acknowledged[group].sum()) for group in rows], pa.int64()),
        "n_resolved": pa.array([int(is_resolved[group].sum()) for group in rows], pa.int64()),
        "n_open": pa.array([int((~is_resolved[group]).sum()) for group in rows], pa.int64()),
    }
    for name, (passed, is_over) in seen.items():
        groups = [_group(passed[group], is_over[group], cluster[group], level) for group in rows]
        horizon_s = common_horizon(groups) if horizon is None else horizon.total_seconds()
        columns |= estimates(f"{name}_median_", [group.quantile(0.5) for group in groups])
        # Where it never happened the mean would be the horizon, which says nothing of the incidents.
        means = [group.mean(horizon_s) if group.resolved.any() else Estimate(nan, nan, nan) for group in groups]
        columns |= estimates(f"{name}_mean_", means)
        columns[f"{name}_horizon_s"] = known([horizon_s] * len(groups))
    return pa.table(columns)


def _group(
    passed: npt.NDArray[np.timedelta64], is_over: npt.NDArray[np.bool_], cluster: npt.NDArray[np.int64], level: float
) -> Group:
    # What began after the moment of censoring was not seen for any time.
    seconds = np.maximum(passed / np.timedelta64(1, "s"), 0.0)
    order = np.argsort(seconds, kind="stable")
    return Group((), seconds[order], is_over[order], cluster[order], level)


def _times(column: pa.ChunkedArray) -> npt.NDArray[np.datetime64]:
    found: npt.NDArray[np.datetime64] = column.cast(pa.timestamp("us")).to_numpy()
    return found


def _listed(found: pa.Table, names: Sequence[str]) -> pa.Table:
    told = {name: found[name] for name in ("n_alerts", "began_at", "acknowledged_at", "resolved_at")}
    keys = {"tenant_id": found["tenant_id"], **key_columns(found["series"], names)}
    return pa.table({**keys, INCIDENT: found["incident_id"], **told})


def _said(row: dict[str, Any], level: float) -> str:
    """A group's times as sentences, each mean with its definition."""
    clauses = [
        f"half are {done} within {in_words(row[f'{time}_median_s'])}"
        for time, done in zip(_TIMES, ("acknowledged", "resolved"), strict=True)
        if row[f"{time}_median_s"] is not None
    ]
    halves = " and ".join(clauses) or "not half are acknowledged or resolved"
    means = [
        _mean("MTTA", "time from the first firing to the first acknowledgement of any alert", row, _TIMES[0], level),
        _mean("MTTR", "time from the first firing to the last resolve of all alerts", row, _TIMES[1], level),
    ]
    return " ".join([f"{halves[0].upper()}{halves[1:]}.", *filter(None, means)])


def _mean(short: str, definition: str, row: dict[str, Any], time: str, level: float) -> str:
    mean, low, high = (row[f"{time}_mean{end}_s"] for end in ("", "_low", "_high"))
    if mean is None:
        return ""
    between = "" if low is None or high is None else f", {level:.0%} interval "
    if between:
        between += f"{in_words(low, like=mean)} to {in_words(high, like=mean)}"
    upto = in_words(row[f"{time}_horizon_s"])
    return f"{short} (mean {definition}, its first {upto}{between}): {in_words(mean)}."
