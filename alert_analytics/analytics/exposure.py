"""Alerts per time at risk, where maintenance windows took some of it away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from alert_analytics.engine import Answer
from alert_analytics.history import AlertHistory
from alert_analytics.history.maintenance import AtRisk
from alert_analytics.stats.exposure import share_at_risk

Floats = npt.NDArray[np.float64]

_DAY_S = 86_400.0
_HALF = 0.5


@dataclass(frozen=True, eq=False)
class Exposed:
    """The alerts of one series by the day, in cells that are at risk at their own times.

    Attributes
    ----------
    key : tuple of str or None
        The series.
    n_alerts : int
        All of its alerts in the stretch.
    per_day : float
        Alerts a day at risk, cells added up; NaN where no time was.
    counts, at_risk : numpy.ndarray of float64, shape (c, d)
        Alerts, and the share at risk, of the last `d` whole days, in order of time.
    """

    key: tuple[str | None, ...]
    n_alerts: int
    per_day: float
    counts: Floats
    at_risk: Floats

    def weekly(self) -> tuple[Floats, Floats]:
        """The totals of whole weeks, and the share of each that was at risk; `d` is a multiple of seven."""
        weeks = (len(self.counts), -1, 7)
        return self.counts.sum(axis=0).reshape(-1, 7).sum(axis=1), share_at_risk(
            self.counts.reshape(weeks), self.at_risk.reshape(weeks)
        )

    def daily(self) -> Floats:
        """Alerts a day at risk of each day that was at risk for half of it or more."""
        return self.at_risk_days()[0]

    def at_risk_days(self) -> tuple[Floats, npt.NDArray[np.bool_]]:
        """As :meth:`daily`, and which of the days these are."""
        n, d = self.counts.sum(axis=1), self.at_risk.sum(axis=1)
        rate = np.divide(n, d, out=np.zeros_like(n), where=d > 0)
        share = (rate / rate.sum() if rate.sum() > 0 else np.full(len(rate), 1 / max(len(rate), 1))) @ self.at_risk
        kept = share >= _HALF
        days: Floats = self.counts.sum(axis=0)[kept] / share[kept]
        return days, kept


def exposed(
    history: AlertHistory, risk: AtRisk, names: Sequence[str], start: datetime, end: datetime, n_days: int
) -> tuple[list[Exposed], Answer]:
    """Count the alerts of each series by the day, and the time that they were at risk.

    Parameters
    ----------
    history : AlertHistory
        Its alerts fired between `start` and `end`.
    risk : AtRisk
        Its time at risk.
    names : sequence of str
        Columns or labels; a series for each combination of their values.
    start, end : datetime
        The whole stretch.
    n_days : int
        Days, counted back from the end, that are wanted one by one.

    Returns
    -------
    list of Exposed
        In the order of their keys.
    answer : Answer
        For its SQL.
    """
    answer = history.ask("exposure", keys={"series": names, "cell": risk.by}, params={"span_end": end})
    found = answer.arrow().to_pylist()
    edges = [end - timedelta(days=n_days - i) for i in range(n_days + 1)]
    days: dict[tuple[str | None, ...], tuple[Floats, float]] = {}
    series: dict[tuple[str | None, ...], dict[tuple[str | None, ...], Floats]] = {}
    total: dict[tuple[tuple[str | None, ...], tuple[str | None, ...]], int] = {}
    for row in found:
        key, cell = tuple(row["series"]), tuple(row["cell"])
        if cell not in days:
            whole = float(risk.seconds(cell, [start, end])[0]) / _DAY_S
            days[cell] = risk.seconds(cell, edges) / _DAY_S, whole
        counts = series.setdefault(key, {}).setdefault(cell, np.zeros(n_days))
        total[key, cell] = total.get((key, cell), 0) + row["n_alerts"]
        if row["days_back"] < n_days:
            counts[n_days - 1 - row["days_back"]] = row["n_alerts"]
    made = []
    for key, cells in series.items():
        n = {cell: total[key, cell] for cell in cells}
        at_risk = [days[cell][0] for cell in cells]
        rates = [n[cell] / days[cell][1] if days[cell][1] > 0 else float("nan") for cell in cells]
        made.append(Exposed(key, sum(n.values()), sum(rates), np.array(list(cells.values())), np.array(at_risk)))
    return made, answer
