"""How long incidents take: definitions, censoring, and the way back to the alerts."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest

import alert_analytics as aa
from alert_analytics.errors import HistoryError, UnknownColumnError
from alert_analytics.history import AlertHistory

DAY = datetime(2026, 3, 2)
POLICY = aa.IncidentPolicy(gap=timedelta(minutes=10))


def at(minutes: float | None) -> datetime | None:
    return None if minutes is None else DAY + timedelta(minutes=minutes)


# service, severity, fired, acknowledged, resolved (minutes); the watermark is minute 600
ROWS = [
    ("db", "low", 0, None, 30),
    ("db", "high", 8, 20, 100),
    ("db", "low", 200, None, 260),
    ("web", "high", 300, 330, None),
    ("web", "low", 305, 310, 320),
    ("web", "low", 595, 597, 600),
]


def frame(**more: Any) -> pl.DataFrame:
    service, severity, fired, acknowledged, resolved = zip(*ROWS, strict=True)
    return pl.DataFrame(
        {
            "fingerprint": list("abcdef"),
            "service": service,
            "severity": severity,
            "fired_at": list(map(at, fired)),
            "acknowledged_at": list(map(at, acknowledged)),
            "resolved_at": list(map(at, resolved)),
            **more,
        }
    )


def history() -> AlertHistory:
    return AlertHistory.open(frame())


def test_first_acknowledgement_of_any_and_last_resolve_of_all() -> None:
    found = aa.IncidentAnalysis.from_alerts(history(), POLICY, by="service")
    rows = {row["service"]: row for row in found.table.to_pylist()}
    counts = ("n_incidents", "n_alerts", "n_acknowledged", "n_resolved", "n_open")
    assert [rows["db"][name] for name in counts] == [2, 3, 1, 2, 0]
    # Of the one that began at 595 nothing is certain before 590, ten minutes before the last thing known.
    assert [rows["web"][name] for name in counts] == [2, 3, 1, 0, 2]
    assert found.settings["censored_at"] == at(590)
    assert found.settings["policy"] == {"by": ["service"], "gap_s": 600.0}
    # Acknowledged after 20 minutes, or not for 60; resolved after 100 and 60.
    assert rows["db"]["time_to_acknowledge_median_s"] == 20 * 60
    assert rows["db"]["time_to_resolve_median_s"] == 60 * 60
    assert rows["web"]["time_to_acknowledge_median_s"] == 10 * 60
    assert rows["web"]["time_to_resolve_median_s"] is None
    assert rows["db"]["time_to_resolve_horizon_s"] == rows["web"]["time_to_resolve_horizon_s"] == 290 * 60
    assert rows["db"]["time_to_resolve_mean_s"] == pytest.approx(80 * 60)
    incidents = found.incidents.to_pylist()
    assert [(one["n_alerts"], one["began_at"], one["acknowledged_at"], one["resolved_at"]) for one in incidents] == [
        (2, at(0), at(20), at(100)),
        (1, at(200), None, at(260)),
        (2, at(300), at(310), None),
        (1, at(595), at(597), at(600)),
    ]


def test_words_and_the_way_back() -> None:
    found = aa.IncidentAnalysis.from_alerts(history(), POLICY)
    assert "6 alerts are 4 incidents, 2 of them open. Half are acknowledged within 20 min" in found.sentence
    assert (
        "MTTA (mean time from the first firing to the first acknowledgement of any alert, its first" in found.sentence
    )
    assert "MTTR (mean time from the first firing to the last resolve of all alerts, its first" in found.sentence
    assert found.alerts(0).n_alerts == 6
    by_service = aa.IncidentAnalysis.from_alerts(history(), POLICY, by=["service"])
    assert "Of 2 groups by service the slowest is db" in by_service.sentence
    assert by_service.alerts(1).to_polars()["fingerprint"].to_list() == ["d", "e", "f"]
    assert "incidents" in by_service.sql or "incident" in by_service.sql
    # An incident goes by its first alert's severity, and all its alerts with it.
    by_severity = aa.IncidentAnalysis.from_alerts(history(), POLICY, by="severity")
    groups = {row["severity"]: by_severity.alerts(i) for i, row in enumerate(by_severity.table.to_pylist())}
    assert groups["high"].to_polars()["fingerprint"].to_list() == ["d", "e"]
    assert groups["low"].to_polars()["fingerprint"].to_list() == ["a", "b", "c", "f"]
    empty = aa.IncidentAnalysis.from_alerts(history().where({"service": "none"}), POLICY, by="severity")
    assert empty.sentence == "There is no alert in this history, so there is no incident."
    open_alone = aa.IncidentAnalysis.from_alerts(history().where({"service": "web"}), POLICY, by="service")
    assert "no group by service has half its incidents resolved" in open_alone.sentence


def test_an_incident_counts_whole_where_it_began() -> None:
    narrowed = history().where(since=at(5), until=at(303))
    found = aa.IncidentAnalysis.from_alerts(narrowed, POLICY)
    # The first incident began before; the last alert of the third one fired after.
    assert found.table["n_alerts"].to_pylist() == [3]
    assert found.alerts(0).to_polars()["fingerprint"].to_list() == ["c", "d", "e"]
    severe = aa.IncidentAnalysis.from_alerts(history().where("severity = 'high'"), POLICY)
    assert severe.table.select(["n_incidents", "n_alerts"]).to_pylist() == [{"n_incidents": 2, "n_alerts": 2}]


def test_whose_incidents_they_are() -> None:
    default = aa.IncidentAnalysis.from_alerts(history())
    assert default.settings["policy"] == aa.IncidentPolicy().described()
    told = history().incidents(POLICY)
    assert aa.IncidentAnalysis.from_alerts(told).settings["policy"] == POLICY.described()
    assert aa.IncidentAnalysis.from_alerts(told, POLICY).table.equals(aa.IncidentAnalysis.from_alerts(told).table)
    with pytest.raises(HistoryError, match="a column 'incident' already"):
        aa.IncidentAnalysis.from_alerts(told, aa.IncidentPolicy(by=()))
    with pytest.raises(UnknownColumnError, match="nothing"):
        aa.IncidentAnalysis.from_alerts(history(), aa.IncidentPolicy(by="nothing"))


def test_the_sources_own_incidents() -> None:
    for own in ({"incident": ["1", "2", "1", None, None, "2"]}, {"labels": [{"incident": n} for n in "12"] + [{}] * 4}):
        found = aa.IncidentAnalysis.from_alerts(frame(**own))
        assert found.settings["policy"] == "the source's own"
        assert found.settings["censored_at"] == at(600)
        assert found.table["n_alerts"].to_pylist() == [6]
        assert found.alerts(0).n_alerts == 6
    two_tenants = aa.IncidentAnalysis.from_alerts(frame(incident=["1"] * 6, tenant_id=list("xxxyyy")), by="tenant_id")
    assert two_tenants.table["n_incidents"].to_pylist() == [1, 1]
    assert two_tenants.alerts(1).to_polars()["fingerprint"].to_list() == ["d", "e", "f"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"level": 1}, "level=1"),
        ({"horizon": 5}, "horizon=5"),
        ({"cluster": "service"}, "cluster='service'; expected 'auto' or None"),
        ({"by": "n_open"}, "columns of its own"),
    ],
)
def test_what_cannot_be(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(HistoryError, match=said):
        aa.IncidentAnalysis.from_alerts(history(), POLICY, **arguments)


def test_incidents_of_a_day_are_a_cluster() -> None:
    by_day = aa.IncidentAnalysis.from_alerts(history(), POLICY)
    assert by_day.table["time_to_acknowledge_median_low_s"].to_pylist() == [None]
    alone = aa.IncidentAnalysis.from_alerts(history(), POLICY, cluster=None, horizon=timedelta(hours=1))
    assert alone.table["time_to_acknowledge_median_low_s"].to_pylist() != [None]
    assert alone.table["time_to_resolve_horizon_s"].to_pylist() == [3600]


def test_where_nobody_ever_acknowledged_there_is_no_mean_time_to_acknowledge() -> None:
    never = history().to_polars().with_columns(acknowledged_at=pl.lit(None, pl.Datetime("us")))
    found = aa.IncidentAnalysis.from_alerts(AlertHistory.open(never), POLICY)
    [row] = found.table.to_pylist()
    assert (row["n_acknowledged"], row["time_to_acknowledge_mean_s"]) == (0, None)
    assert row["time_to_resolve_mean_s"] is not None
    assert "MTTA" not in found.sentence
