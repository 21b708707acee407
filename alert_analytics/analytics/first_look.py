"""Which alerts to look at first, and why: what the other answers say of each rule, brought to one scale."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from alert_analytics.analytics.correlation import CorrelationAnalysis
from alert_analytics.analytics.durations import in_words
from alert_analytics.analytics.resolution import ResolutionAnalysis
from alert_analytics.analytics.result import Result
from alert_analytics.analytics.trend import TrendAnalysis
from alert_analytics.history import AlertHistory
from alert_analytics.tables import in_figures

_SHORT = timedelta(minutes=15)
_FDR = 0.05
_NOTABLE = 0.1  # of an item's own alerts
_SEVERAL = 5  # alerts: fewer are an accident
_SIZEABLE = 30  # alerts
_SCHEMA = pa.schema(
    [
        ("item", pa.string()),
        ("reason", pa.string()),
        ("share", pa.float64()),
        ("n_alerts", pa.int64()),
        ("per_week", pa.float64()),
        ("less_per_week", pa.float64()),
        ("why", pa.string()),
        ("try", pa.string()),
        ("also", pa.string()),
    ]
)


@dataclass(frozen=True)
class _Finding:
    """One reason to look at one item: the share of the team's burden that hangs on it, in words and numbers."""

    reason: str
    share: float
    less_per_week: float | None
    why: str
    remedy: str


@dataclass(frozen=True, eq=False, repr=False)
class FirstLook(Result):
    """The alerts to look at first, a row per item with a reason; make one with :meth:`from_alerts`.

    Attributes
    ----------
    table : pyarrow.Table
        ``item``, ``reason`` (``repeats``, ``follows``, ``unattended``, ``growing``, ``slow``), ``share`` (of all alerts
        or, for slow ones, of the typical time that alerts are open: at most what a change could take away; rows are
        ranked by it), ``n_alerts``, ``per_week``, ``less_per_week`` (alerts a week that the change could take away at
        most; null for slow ones), ``why`` and ``try`` in words, ``also`` (further reasons).
    """

    of: str = "rule"

    @classmethod
    def from_alerts(cls, alerts: Any, of: str = "rule", window: timedelta | None = None) -> FirstLook:
        """Ask a history which alerts to look at first.

        An invitation to look, not a verdict: the shares are upper bounds of what a change could save, and what it
        would miss is not counted here.

        Parameters
        ----------
        alerts : AlertHistory, dataframe, path, or iterable of Alert
            What :meth:`AlertHistory.open` takes.
        of : str
            Column or label whose values could be changed; usually the rule.
        window : timedelta, optional
            How soon a repeat or a follower comes; as in :meth:`CorrelationAnalysis.from_alerts`.

        Returns
        -------
        FirstLook
            No row where nothing stands out.

        Raises
        ------
        UnknownColumnError
            `of` names nothing.

        Notes
        -----
        Per item: *repeats*, alerts within the window of the one before, in the same tenant and service; *unattended*,
        alerts that resolved by themselves within 15 minutes before anyone acknowledged them (either from five and a
        tenth of its alerts on); *follows*, bursts after the strongest leader (q < 0.05, and the leader first:
        p_direction < 0.05) beyond those expected by chance; *growing*, a rise by q < 0.05, half of it over the whole
        span; *slow*, a median
        time to resolve above that of all alerts of the same severity, where their intervals do not overlap (its lower
        limit stands for a median that is not reached yet).

        Examples
        --------
        >>> import alert_analytics as aa
        >>> look = aa.FirstLook.from_alerts(aa.datasets.sample())
        >>> look.table.num_rows >= 3
        True
        """
        history = AlertHistory.open(alerts)
        pairs = CorrelationAnalysis.from_alerts(history, window=window, of=of)
        trend = TrendAnalysis.from_alerts(history, by=of)
        alike = () if of == "severity" else ("severity",)
        slow = _slow(
            ResolutionAnalysis.from_alerts(history, by=(of, *alike)).table.to_pylist(),
            ResolutionAnalysis.from_alerts(history, by=alike).table.to_pylist(),
            of,
        )
        params = {"window_us": pairs.window // timedelta(microseconds=1), "short_s": _SHORT.total_seconds()}
        answer = history.ask("first_look", keys={"item": (of,)}, params=params)
        # A missing rule is called `unknown`: all such alerts together are no one thing to change.
        counts = [row for row in answer.arrow().to_pylist() if (of, row["item"]) != ("rule", "unknown")]
        total = history.n_alerts
        weeks = max(history.span.days_at_risk / 7, 1 / 7) if history.span else 1.0
        trends = {row[of]: row for row in trend.table.to_pylist()}
        told = _Told(pairs.window, _leaders(pairs), trends, slow, total, weeks)
        rows = [row for one in counts if (row := _row(one, sorted(_findings(one, told), key=_share), weeks))]
        rows.sort(key=lambda row: -row["share"])
        settings = history.settings | {
            "of": of,
            "window_s": pairs.window.total_seconds(),
            "weeks": weeks,
            "n_items": len(counts),
        }
        return cls(pa.Table.from_pylist(rows, schema=_SCHEMA), history, settings, answer.sql, of=of)

    @property
    def sentence(self) -> str:
        """The first three in words."""
        rows = self.table.slice(0, 3).to_pylist()
        if not self.settings["n_items"] and self.history.n_alerts:
            return f"No alert names a {self.of}, so there is none to look at first; of='service' asks another column."
        if not rows:
            return f"No {self.of} stands out in this history."
        return "Look first at " + "; ".join(f"{row['item']} ({row['why']})" for row in rows) + "."

    def alerts(self, row: int = 0) -> AlertHistory:
        """The alerts of the item in `row`."""
        return self.history.where({self.of: [self._row(row)["item"]]})


@dataclass(frozen=True)
class _Told:
    """What the other analyses say."""

    window: timedelta
    leaders: Mapping[str, dict[str, Any]]
    trend: Mapping[str, dict[str, Any]]
    slow: Mapping[str, _Finding]
    total: int
    weeks: float


def _slow(rows: list[dict[str, Any]], alike: list[dict[str, Any]], of: str) -> dict[str, _Finding]:
    """By item, how much longer its alerts take than those of the same severity: only beyond both intervals."""
    usual = {row.get("severity"): row for row in alike}
    typical = [row["median_s"] if row["median_s"] is not None else row["median_low_s"] for row in rows]
    spent = sum(row["n_alerts"] * seconds for row, seconds in zip(rows, typical, strict=True) if seconds is not None)
    found: dict[str, _Finding] = {}
    for row, seconds in zip(rows, typical, strict=True):
        others = usual[row.get("severity") if of != "severity" else None]
        low, high = row["median_low_s"], others["median_high_s"]
        if row["n_alerts"] < _SIZEABLE or low is None or high is None or low <= high:
            continue
        share = row["n_alerts"] * (seconds - others["median_s"]) / spent
        if row[of] not in found or share > found[row[of]].share:
            which = row.get("severity") if of != "severity" else None
            found[row[of]] = _Finding(
                "slow",
                share,
                None,
                f"half of its {row['n_alerts']:,}{f' {which}' if which else ''} alerts take over "
                f"{in_words(seconds)}, {_times(seconds, others['median_s'])}the "
                f"{in_words(others['median_s'])} of all{f' {which} ones' if which else ''}",
                "a runbook, an owner, or an earlier escalation",
            )
    return found


def _times(long: float, usual: float) -> str:
    return f"{in_figures(long / usual, 2)} times " if usual > 0 else "beyond "


def _leaders(pairs: CorrelationAnalysis) -> dict[str, dict[str, Any]]:
    """By follower, its strongest leader that is more than chance and comes first."""
    found = pairs.table.filter(pc.less(pairs.table["q_value"], _FDR))
    found = found.filter(pc.less(found["p_direction"], _FDR)).sort_by([("strength", "ascending")])
    return {row["follower"]: row for row in found.to_pylist()}  # the last one, the strongest, stays


def _share(finding: _Finding) -> float:
    return -finding.share


def _row(counted: Mapping[str, Any], findings: list[_Finding], weeks: float) -> dict[str, Any] | None:
    if not findings:
        return None
    first, others = findings[0], findings[1:]
    return {
        "item": counted["item"],
        "reason": first.reason,
        "share": first.share,
        "n_alerts": counted["n_alerts"],
        "per_week": counted["n_alerts"] / weeks,
        "less_per_week": first.less_per_week,
        "why": first.why,
        "try": first.remedy,
        "also": "; ".join(other.why for other in others) or None,
    }


def _findings(counted: Mapping[str, Any], told: _Told) -> Iterator[_Finding]:
    n, minutes = counted["n_alerts"], told.window.total_seconds() / 60
    if (repeats := counted["n_repeats"]) >= max(_SEVERAL, _NOTABLE * n):
        yield _Finding(
            "repeats",
            repeats / told.total,
            repeats / told.weeks,
            f"{repeats / n:.0%} of its {n:,} alerts come within {minutes:g} min of the one before",
            f"a deduplication window of {minutes:g} min or longer",
        )
    if (unattended := counted["n_unattended"]) >= max(_SEVERAL, _NOTABLE * n):
        short = _SHORT.total_seconds() / 60
        yield _Finding(
            "unattended",
            unattended / told.total,
            unattended / told.weeks,
            f"{unattended / n:.0%} of its {n:,} alerts end by themselves within {short:g} min, unacknowledged",
            "a longer time before it fires, or no alert at all",
        )
    yield from _follows(counted["item"], told)
    yield from _grows(counted["item"], told)
    if counted["item"] in told.slow:
        yield told.slow[counted["item"]]


def _follows(item: str, told: _Told) -> Iterator[_Finding]:
    pair = told.leaders.get(item)
    if pair is None:
        return
    excess = pair["n_bursts_together"] - pair["expected"]
    followed, chance = pair["n_bursts_together"] / pair["n_bursts"], pair["expected"] / pair["n_bursts"]
    yield _Finding(
        "follows",
        excess / told.total,
        excess / told.weeks,
        f"it comes after {pair['leader']} in {followed:.0%} of that one's bursts ({chance:.1%} by chance), "
        f"{in_words(pair['median_lag_s'])} later",
        f"one incident with {pair['leader']}, which comes first",
    )


def _grows(item: str, told: _Told) -> Iterator[_Finding]:
    row = told.trend.get(item)
    if row is None or row["direction"] != "increasing":
        return
    # Without its growth each week had been like the first: on average half of what the last week has more.
    more = row["slope_per_day"] * 7 * 7 * (row["n_weeks"] - 1) / 2
    low, high = row["slope_low"] * 49, row["slope_high"] * 49
    yield _Finding(
        "growing",
        more * told.weeks / told.total,
        more,
        f"it grows by {in_figures(row['slope_per_day'] * 49, 2)} alerts a week each week "
        f"(95 % interval {in_figures(low, 2)} to {in_figures(high, 2)})",
        "find what changed, before it is the noisiest",
    )
