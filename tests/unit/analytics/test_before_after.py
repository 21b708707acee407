"""Did it help: two answers of one analysis held against each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

import alert_analytics as aa
from alert_analytics import CorrelationAnalysis, Recommendations, ResolutionAnalysis, TrendAnalysis
from alert_analytics.analytics import Comparison, Result
from alert_analytics.analytics.metric import Metric
from alert_analytics.errors import HistoryError
from alert_analytics.history import AlertHistory

START, DAY, HOUR = datetime(2025, 1, 6), timedelta(days=1), timedelta(hours=1)
CUT = START + 60 * DAY


def halved(seed: int = 1) -> AlertHistory:
    """`db` fires ten times a day and five after the cut, `web` eight times; after it, repairs take twice as long."""
    rng = np.random.default_rng(seed)
    rows = []
    for day in range(120):
        for service, n in (("db", 10 if day < 60 else 5), ("web", 8)):
            for hour in np.sort(rng.uniform(0, 24, rng.poisson(n))):
                fired = START + day * DAY + float(hour) * HOUR
                took = float(rng.exponential(1 if day < 60 else 2)) * HOUR
                rows.append((service, fired, fired + took))
    rows.append(("web", START, START + HOUR))
    service, fired, resolved = zip(*rows, strict=True)
    return AlertHistory.open(pa.table({"service": service, "fired_at": fired, "resolved_at": resolved}))


@pytest.fixture(scope="module")
def history() -> AlertHistory:
    return halved()


def test_the_ratio_of_alerts_a_day_is_that_of_the_means(history: AlertHistory) -> None:
    before, after = history.where(until=CUT), history.where(since=CUT)
    change = aa.compare(*(TrendAnalysis.from_alerts(one, by="service") for one in (before, after)))
    rows = {row["service"]: row for row in change.table.to_pylist()}
    for service, truth in (("db", 0.5), ("web", 1.0)):
        row = rows[service]
        assert row["low"] < truth < row["high"]
        assert row["change"] == pytest.approx(row["after"] / row["before"], rel=0.02)
        assert row["before"] == pytest.approx(before.where({"service": [service]}).n_alerts / 60, rel=0.02)
    assert rows["db"]["q_value"] < 0.05 < rows["web"]["q_value"]
    assert change.table["service"].to_pylist() == ["db", "web"]
    assert change.sentence.startswith(
        "1 of 2 numbers changed beyond chance; the clearest: alerts per day of db went from "
    )
    assert change.alerts(0).n_alerts == after.where({"service": ["db"]}).n_alerts
    assert change.settings["before_end"] == change.settings["after_start"] == CUT
    one = aa.compare(*(TrendAnalysis.from_alerts(part) for part in (before, after)))
    assert one.sentence.startswith("alerts per day went from ")
    assert one.alerts().n_alerts == after.n_alerts


def test_times_to_resolve_differ_by_their_means_and_curves(history: AlertHistory) -> None:
    parts = [
        ResolutionAnalysis.from_alerts(one, cluster=None)
        for one in (history.where(until=CUT), history.where(since=CUT))
    ]
    change = aa.compare(*parts)
    rows = {row["metric"]: row for row in change.table.to_pylist()}
    mean = rows["mean_time_to_resolve"]
    assert mean["low"] < 3600 < mean["high"]
    assert mean["change"] == pytest.approx(mean["after"] - mean["before"])
    assert (rows["log_rank"]["kind"], rows["log_rank"]["change"]) == ("test", None)
    assert max(mean["q_value"], rows["log_rank"]["q_value"]) < 0.001
    assert "mean time to resolve went from " in change.sentence
    assert "log-rank test by clusters" in rows["log_rank"]["note"]


def test_pairs_differ_by_the_share_that_is_followed() -> None:
    history = aa.datasets.sample().tenant("acme")
    cut = "2025-11-01"
    parts = [CorrelationAnalysis.from_alerts(one) for one in (history.where(until=cut), history.where(since=cut))]
    change = aa.compare(*parts)
    found = {
        tuple(row[n] for n in ("leader", "follower"))
        for part in parts
        for row in part.table.to_pylist()
        if (row["q_value"] or 1) < 0.05
    }
    rows = change.table.to_pylist()
    assert {(row["leader"], row["follower"]) for row in rows} == found
    for row in rows:
        assert row["low"] < row["change"] < row["high"]
        assert row["change"] == pytest.approx(row["after"] - row["before"])
    assert change.alerts(0).n_alerts > 0


@dataclass(frozen=True, eq=False, repr=False)
class Other(Result):
    metrics: tuple[Metric, ...] = ()

    def estimates(self) -> Sequence[Metric]:
        return self.metrics


def other(*metrics: Metric, settings: dict[str, object] | None = None) -> Other:
    return Other(pa.table({}), AlertHistory.open([]), settings or {}, "", metrics)


def test_another_analysis_joins_by_its_estimates() -> None:
    before = other(
        Metric(("x",), "noise", "share", 0.5, 0.4, 0.6),
        Metric(("x",), "mtbf", "s", 100.0, 80.0, 125.0, is_ratio=True),
        Metric(("y",), "noise", "share", 0.5, 0.4, 0.6),
        Metric(("z",), "noise", "share", None, note="too few"),
        Metric(("z",), "mtbf", "s", 1.0, 0.0, 2.0, is_ratio=True),
    )
    after = other(
        Metric(("x",), "noise", "share", 0.2, 0.1, 0.3),
        Metric(("x",), "mtbf", "s", 200.0, 160.0, 250.0, is_ratio=True),
        Metric(("z",), "noise", "share", 0.2, 0.1, 0.3),
        Metric(("z",), "mtbf", "s", 1.0, 0.5, 2.0, is_ratio=True),
    )
    object.__setattr__(before, "by", ("service",))
    rows = {(row["service"], row["metric"]): row for row in aa.compare(before, after).table.to_pylist()}
    noise, mtbf = rows["x", "noise"], rows["x", "mtbf"]
    assert [noise[name] for name in ("change", "low", "high")] == pytest.approx(
        [-0.3, -0.3 - 0.02**0.5, -0.3 + 0.02**0.5]
    )
    assert noise["p_value"] < 0.001
    reach = 2**0.5 * np.log(1.25)
    assert [mtbf[name] for name in ("change", "low", "high")] == pytest.approx(
        [2, 2 * np.exp(-reach), 2 * np.exp(reach)]
    )
    assert rows["y", "noise"]["note"] == "there is none after"
    assert rows["z", "noise"]["note"] == "too few"
    assert rows["z", "mtbf"]["note"] == "a number that may be 0 has no ratio"


def test_what_does_not_compare_is_refused(history: AlertHistory) -> None:
    before, after = (TrendAnalysis.from_alerts(one) for one in (history.where(until=CUT), history.where(since=CUT)))
    with pytest.raises(HistoryError, match="a TrendAnalysis and a ResolutionAnalysis; expected two of one kind"):
        aa.compare(before, ResolutionAnalysis.from_alerts(history.where(since=CUT)))
    with pytest.raises(HistoryError, match=r"differ in by=\[\] before, \['service'\] after"):
        aa.compare(before, TrendAnalysis.from_alerts(history.where(since=CUT), by="service"))
    with pytest.raises(HistoryError, match="differ in where="):
        aa.compare(before, TrendAnalysis.from_alerts(history.where({"service": ["db"]}, since=CUT)))
    with pytest.raises(HistoryError, match="needs a stretch and a later one"):
        aa.compare(after, before)
    with pytest.raises(HistoryError, match="needs a stretch and a later one"):
        aa.compare(TrendAnalysis.from_alerts(history), after)
    looks = [Recommendations.from_alerts(one) for one in (history.where(until=CUT), history.where(since=CUT))]
    with pytest.raises(NotImplementedError, match="a Recommendations has no numbers to compare"):
        aa.compare(*looks)


def test_too_little_is_said() -> None:
    empty = [TrendAnalysis.from_alerts(AlertHistory.open([])) for _ in range(2)]
    assert aa.compare(*empty).sentence.startswith("There is nothing to compare")
    few = AlertHistory.open(pa.table({"fired_at": [START + i * DAY for i in range(25)]}))
    parts = [few.where(until=START + 12 * DAY), few.where(since=START + 12 * DAY)]
    change = aa.compare(*(TrendAnalysis.from_alerts(one) for one in parts))
    [row] = change.table.to_pylist()
    assert (row["low"], row["p_value"]) == (None, None)
    assert row["change"] == pytest.approx(1.0, rel=0.1)
    assert change.sentence == "What changed cannot be told: no interval: 12 whole days in one stretch, fewer than 14."
    resolved = aa.compare(*(ResolutionAnalysis.from_alerts(one) for one in parts))
    assert isinstance(resolved, Comparison)
    instant = AlertHistory.open(pa.table({"fired_at": [START]}))
    assert aa.compare(*(TrendAnalysis.from_alerts(instant) for _ in range(2))).sentence.startswith("There is nothing")
    pairs = aa.compare(*(CorrelationAnalysis.from_alerts(one) for one in parts))
    assert len(pairs) == 0


def test_maintenance_windows_leave_days_out(history: AlertHistory) -> None:
    windows = pa.table({"valid_from": [START + 5 * DAY], "valid_to": [START + 15 * DAY]})
    mine = history.outside_maintenance(windows)
    change = aa.compare(*(TrendAnalysis.from_alerts(one) for one in (mine.where(until=CUT), mine.where(since=CUT))))
    [row] = change.table.to_pylist()
    assert row["before"] == pytest.approx(18, rel=0.1)
    assert row["low"] < 13 / 18 < row["high"]
