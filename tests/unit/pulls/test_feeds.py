"""How each API is paged, and what of its own it needs."""

from __future__ import annotations

import copy
import itertools
import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from alert_analytics.errors import PullError
from alert_analytics.pulls import FEEDS, Opsgenie, PagerDuty, Prometheus, ServiceNow
from alert_analytics.pulls.feed import Page
from tests.servers import opsgenie, pagerduty, servicenow
from tests.servers.alertmanager import AlertmanagerReplay, gettable
from tests.servers.opsgenie import OpsgenieReplay
from tests.servers.pagerduty import PagerDutyReplay
from tests.servers.prometheus import Firing, PrometheusReplay
from tests.servers.replay import NOW, Reply
from tests.servers.servicenow import ServiceNowReplay

pytestmark = pytest.mark.slow  # `make check` has its minutes for the rest

ROOT = Path(__file__).resolve().parents[3]
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


# --- PagerDuty


def test_pagerduty_tells_what_happened_to_older_incidents(serve: Any, puller: Any) -> None:
    replay = PagerDutyReplay(0)
    old = pagerduty.incident(1, NOW - timedelta(days=3))
    replay.incidents = [old]
    replay.entries = [pagerduty.entry(1, "trigger", NOW - timedelta(days=3), old)]
    server, pulled = serve(replay), puller()
    pulled(server.url, source="pagerduty")
    assert pulled.alerts[0]["resolved_at"] is None
    server.now = pulled.now = NOW + HOUR
    ended = pagerduty.incident(1, NOW - timedelta(days=3), resolved=NOW + 30 * MINUTE)
    replay.incidents = [ended]
    replay.entries.append(pagerduty.entry(2, "resolve", NOW + 30 * MINUTE, ended))
    report = pulled(server.url, source="pagerduty")
    assert (report.n_updated, report.n_new) == (1, 0)
    assert pulled.alerts[0]["resolved_at"] is not None


REPLAYS = {"pagerduty": PagerDutyReplay, "opsgenie": OpsgenieReplay, "servicenow": ServiceNowReplay}


@pytest.mark.parametrize("name", REPLAYS)
def test_what_is_pulled_is_what_the_source_of_the_name_reads(name: str, serve: Any, puller: Any) -> None:
    server, pulled = serve(REPLAYS[name](4)), puller()
    report = pulled(server.url, source=name)
    assert (report.n_new, report.n_quarantined, report.source) == (4, 0, name)
    assert all(alert["resolved_at"] is not None for alert in pulled.alerts)
    if name == "pagerduty":  # only the log entries say so
        assert [alert["acknowledged_at"] - alert["fired_at"] for alert in pulled.alerts] == [5 * MINUTE] * 4
    before = pulled.alerts
    server.now = pulled.now = NOW + HOUR
    again = pulled(server.url, source=name)
    assert (again.n_new, again.n_updated) == (0, 0)
    assert pulled.alerts == before


@pytest.mark.parametrize("name", REPLAYS)
def test_what_arrives_late_is_read_by_the_next_pull(name: str, serve: Any, puller: Any) -> None:
    replay, late = REPLAYS[name](1), NOW - 5 * MINUTE
    server, pulled = serve(replay), puller()
    pulled(server.url, source=name)
    if name == "pagerduty":
        replay.incidents.append(pagerduty.incident(9, late))
    elif name == "opsgenie":
        replay.alerts.append(opsgenie.alert(9, late))
    else:
        replay.records[0]["sys_updated_on"]["value"] = f"{NOW:%Y-%m-%d %H:%M:%S}"
        pulled(server.url, source=name)
        replay.records.append(servicenow.incident(9, late, late))
    server.now = pulled.now = NOW + HOUR
    assert pulled(server.url, source=name).n_new == 1


def test_every_feed_names_a_source_that_is_announced() -> None:
    announced = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"][
        "alert_analytics.sources"
    ]
    assert {make().reads for make in FEEDS.values()} <= set(announced)


def test_pagerduty_asks_as_documented(serve: Any, puller: Any) -> None:
    server = serve(PagerDutyReplay(1))
    puller()(f"{server.url}/incidents?team_ids[]=P1", source="pagerduty")
    request = server.requests[0]
    assert request.path == "/incidents"
    assert request.headers["Accept"] == "application/vnd.pagerduty+json;version=2"
    assert request.headers["Authorization"] == f"Token token={pagerduty.TOKEN}"
    assert (request.one("team_ids[]"), request.one("time_zone"), request.one("limit")) == ("P1", "UTC", "100")
    assert request.one("since") == "2025-02-08T11:59:59+00:00"
    logs = next(one for one in server.requests if one.path == "/log_entries")
    assert (logs.params["include[]"], logs.one("is_overview")) == (["incidents", "channels"], "false")


def test_pagerduty_halves_a_slice_that_holds_more_than_an_offset_reaches(serve: Any, puller: Any) -> None:
    replay = PagerDutyReplay(6)
    replay.deepest = 4
    server, pulled = serve(replay), puller()
    pulled(server.url, source=PagerDuty(page_size=2, deepest=4, slice_days=30))
    assert len(pulled.alerts) == 6
    assert all(alert["resolved_at"] is not None for alert in pulled.alerts)


def test_pagerduty_cannot_read_more_in_a_second_than_it_shows(serve: Any, puller: Any) -> None:
    replay = PagerDutyReplay(0)
    replay.incidents = [pagerduty.incident(i, NOW - HOUR) for i in range(8)]
    replay.deepest = 4
    server = serve(replay)
    with pytest.raises(PullError, match="holds more incidents than the API lets anyone read"):
        puller()(server.url, source=PagerDuty(page_size=2, deepest=4), since=NOW - 2 * HOUR)


# --- Opsgenie


def test_opsgenie_reads_changes_until_it_meets_what_it_knows(serve: Any, puller: Any) -> None:
    replay = OpsgenieReplay(6)
    replay.alerts.append(opsgenie.alert(90, NOW - timedelta(days=2)))
    server, pulled = serve(replay), puller()
    pulled(server.url, source=Opsgenie(page_size=2))
    server.now = pulled.now = NOW + HOUR
    replay.alerts[-1] = opsgenie.alert(90, NOW - timedelta(days=2), closed=NOW + 30 * MINUTE)
    replay.alerts.append(opsgenie.alert(91, NOW + 40 * MINUTE))
    server.requests.clear()
    report = pulled(server.url, source=Opsgenie(page_size=2))
    assert (report.n_new, report.n_updated) == (1, 1)
    assert [(one.one("sort"), one.one("order")) for one in server.requests] == [("updatedAt", "desc")] * 2
    assert all(one.one("query") == "" for one in server.requests)


def test_opsgenie_keeps_the_users_filter_in_brackets(serve: Any, puller: Any) -> None:
    server = serve(OpsgenieReplay(1))
    pulled = puller()
    pulled(f"{server.url}/v2/alerts?query=teams:a OR teams:b", source="opsgenie", since=NOW - HOUR)
    assert server.requests[0].one("query").startswith("(teams:a OR teams:b) AND createdAt >= 17416")
    pulled(f"{server.url}/v2/alerts?query=teams:a OR teams:b", source="opsgenie")
    assert server.requests[-1].one("query") == "teams:a OR teams:b"


def test_opsgenie_says_when_more_has_changed_than_it_shows(serve: Any, puller: Any) -> None:
    replay = OpsgenieReplay(0)
    server, pulled = serve(replay), puller()
    pulled(server.url, source=Opsgenie(page_size=2, deepest=6))
    replay.alerts = [opsgenie.alert(i, NOW + i * MINUTE) for i in range(9)]
    server.now = pulled.now = NOW + HOUR
    with pytest.raises(PullError, match=r"more than 6 alerts have changed since .* Hint: --since begins anew"):
        pulled(server.url, source=Opsgenie(page_size=2, deepest=6))


# --- ServiceNow


def test_servicenow_loses_nobody_who_moves_while_pages_are_read(serve: Any, puller: Any) -> None:
    replay = ServiceNowReplay(9)
    moved: list[int] = []

    def app(request: Any) -> Reply:
        reply = copy.deepcopy(replay(request))
        if len(moved) < 4:  # after each page the first record is changed: it moves to the end, the others move up
            i = len(moved)
            moved.append(i)
            replay.records[i]["sys_updated_on"]["value"] = f"2025-03-10 11:00:0{i}"
        return reply

    server, pulled = serve(app), puller()
    pulled(server.url, source=ServiceNow(page_size=2))
    assert len(pulled.alerts) == 9


def test_servicenow_reads_a_second_that_fills_pages(serve: Any, puller: Any) -> None:
    replay = ServiceNowReplay(0)
    at = NOW - HOUR
    replay.records = [servicenow.incident(i, at - HOUR, at) for i in range(23)]
    replay.records += [servicenow.incident(30 + i, at - HOUR, at + (1 + i) * MINUTE) for i in range(32)]
    pulled = puller()
    pulled(serve(replay).url, source=ServiceNow(page_size=10))
    assert len(pulled.alerts) == 55


def test_servicenow_reads_on_behind_records_that_are_hidden(serve: Any, puller: Any) -> None:
    replay = ServiceNowReplay(9)
    replay.hidden = {one["number"]["value"] for one in replay.records[2:7]}
    pulled = puller()
    pulled(serve(replay).url, source=ServiceNow(page_size=2))
    assert len(pulled.alerts) == 4


def test_servicenow_must_keep_the_order(serve: Any, puller: Any) -> None:
    records = list(reversed(ServiceNowReplay(3).records))
    with pytest.raises(PullError, match="do not come in the order asked for"):
        puller()(serve(lambda request: Reply({"result": records})).url, source="servicenow")


def test_servicenow_asks_as_documented(serve: Any, puller: Any) -> None:
    server = serve(ServiceNowReplay(1))
    puller()(f"{server.url}/api/now/table/incident?sysparm_query=active=true^ORpriority=1", source="servicenow")
    request = server.requests[0]
    assert request.path == "/api/now/table/incident"
    assert request.one("sysparm_query") == (
        "active=true^ORpriority=1^sys_updated_on>=2025-02-08 12:00:00^ORDERBYsys_updated_on^ORDERBYsys_id"
    )
    assert request.params["sysparm_query"] == [request.one("sysparm_query")]
    assert (request.one("sysparm_limit"), request.one("sysparm_offset")) == ("500", "0")


# --- Prometheus


def pulls_prometheus(pulled: Any, url: str, **given: Any) -> Any:
    return pulled(url, **({"source": Prometheus()} | given))


def test_prometheus_slices_tell_the_same_as_one_query(serve: Any, puller: Any) -> None:
    server, sliced, whole = serve(PrometheusReplay(6)), puller(), puller()
    pulls_prometheus(sliced, server.url, since="2025-02-22")
    pulls_prometheus(whole, server.url, since="2025-02-22", source=Prometheus(slice_hours=10_000, step_s=300))
    asked = [(int(one.one("start")), int(one.one("end"))) for one in server.requests[:-3]]
    assert all(before[1] == after[0] for before, after in itertools.pairwise(asked))
    assert len(sliced.alerts) == len(whole.alerts) == 6
    assert [alert["occurrences"] for alert in sliced.alerts] == [1] * 6
    for alert in sliced.alerts:
        assert abs(alert["resolved_at"] - alert["fired_at"] - HOUR) <= MINUTE


def test_prometheus_goes_on_without_doubles(serve: Any, puller: Any) -> None:
    replay = PrometheusReplay(3)
    labels = {"alertname": "DiskFull", "instance": "db-1"}
    replay.firings.append(Firing(labels, NOW - 30 * MINUTE, NOW - 25 * MINUTE, NOW + 70 * MINUTE))
    server, pulled = serve(replay), puller()
    for hours in range(4):  # one alert is open over three pulls
        server.now = pulled.now = NOW + hours * HOUR
        pulls_prometheus(pulled, server.url, since=NOW - 5 * HOUR if not hours else None)
    [alert] = [one for one in pulled.alerts if one["rule"] == "DiskFull"]
    assert (alert["fired_at"], alert["occurrences"]) == ((NOW - 25 * MINUTE).replace(tzinfo=None), 1)
    assert alert["resolved_at"] == (NOW + 70 * MINUTE).replace(tzinfo=None)


@pytest.mark.parametrize("behind", [timedelta(0), timedelta(hours=2)])
def test_prometheus_takes_nothing_for_ended_that_it_cannot_know_yet(behind: timedelta, serve: Any, puller: Any) -> None:
    replay = PrometheusReplay(0)
    labels = {"alertname": "DiskFull", "instance": "db-1"}
    known = NOW - behind - MINUTE  # samples come a minute late
    replay.firings = [
        Firing(labels, NOW - 5 * HOUR, NOW - 5 * HOUR, known),
        Firing({"alertname": "Watchdog"}, NOW - 9 * HOUR, NOW - 9 * HOUR, known),
    ]
    server, pulled = serve(replay), puller()
    server.now = NOW - behind
    report = pulls_prometheus(pulled, server.url, since=NOW - 6 * HOUR)
    assert [alert["resolved_at"] for alert in pulled.alerts] == [None, None]
    assert report.complete_until == NOW - behind - 2 * MINUTE


def test_prometheus_goes_on_after_a_failure_at_any_slice(serve: Any, puller: Any) -> None:
    server, undisturbed = serve(PrometheusReplay(2)), puller()
    server.now = NOW
    pulls_prometheus(undisturbed, server.url, since=NOW - 22 * HOUR)
    for k in range(len(server.requests)):
        disturbed = puller()
        server.requests.clear()
        server.faults = {k: Reply({"status": "error", "error": "shutting down"}, 400)}
        with pytest.raises(PullError, match="shutting down"):
            pulls_prometheus(disturbed, server.url, since=NOW - 22 * HOUR)
        server.faults = {}
        pulls_prometheus(disturbed, server.url, since=NOW - 22 * HOUR if k == 0 else None)
        assert disturbed.alerts == undisturbed.alerts


def warning(*warnings: str, series: bool = False) -> Any:
    """A Prometheus that warns in every answer."""
    replay = PrometheusReplay(1)
    replay.firings = [Firing({"alertname": "Watchdog"}, NOW - 90 * HOUR, NOW - 90 * HOUR, NOW)] if series else []
    return lambda request: Reply(replay(request).data | {"warnings": list(warnings), "infos": ["t0ken"]})


def test_prometheus_warnings_are_told_once(serve: Any, puller: Any) -> None:
    report = pulls_prometheus(puller(), serve(warning("a store is down")).url, since=NOW - 20 * HOUR)
    assert report.notes == ("Prometheus warns: a store is down",)
    assert (report.n_pages, report.n_records, report.n_quarantined) == (4, 0, 0)


def test_prometheus_warnings_show_no_secret(serve: Any, puller: Any) -> None:
    pulled = puller()
    pulled.environment = {"PROMETHEUS_BEARER_TOKEN": "t0ken"}
    report = pulls_prometheus(pulled, serve(warning("t0ken has expired", series=True)).url, since=NOW - HOUR)
    assert report.notes == ("Prometheus warns: *** has expired",)
    [aside] = pulled.store.history().quarantine().to_pylist()
    assert aside["reason"] == "the query warned: *** has expired"
    assert "t0ken" not in str(aside)


def test_no_feed_may_note_a_secret(serve: Any, puller: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    told = Page([], {"at": "2025-03-10T12:00:00+00:00"}, b"", "", 1.0, NOW, ("it says t0ken",))
    monkeypatch.setattr(Prometheus, "pages", lambda *given: iter([told]))
    pulled = puller()
    pulled.environment = {"PROMETHEUS_BEARER_TOKEN": "t0ken"}
    assert pulls_prometheus(pulled, "https://a.example.com").notes == ("it says ***",)


@pytest.mark.parametrize("data", [{}, [], {"data": {"resultType": "vector", "result": []}}, {"data": 3}])
def test_prometheus_must_answer_a_matrix(data: Any, serve: Any, puller: Any) -> None:
    with pytest.raises(PullError, match="gave no matrix"):
        pulls_prometheus(puller(), serve(lambda request: Reply(data)).url)


def test_prometheus_takes_a_step_and_a_token(serve: Any, puller: Any) -> None:
    replay = PrometheusReplay(1)
    replay.token = "t0ken"
    server, pulled = serve(replay), puller()
    with pytest.raises(PullError, match=r"asks for credentials \(401\)\. Hint: set PROMETHEUS_BEARER_TOKEN"):
        pulls_prometheus(pulled, server.url)
    pulled.environment = {"PROMETHEUS_BEARER_TOKEN": "t0ken"}
    pulls_prometheus(pulled, f"{server.url}/api/v1/query_range?step=5m", since=NOW - HOUR)
    assert server.requests[-1].one("step") == "300"


# --- Alertmanager


def polled(pulled: Any, url: str) -> Any:
    return pulled(url, source="alertmanager")


@pytest.fixture
def watched(serve: Any, puller: Any) -> Any:
    """An Alertmanager, its server, and a function that polls it at a minute."""
    replay, pulled = AlertmanagerReplay(), puller()
    server = serve(replay)

    def poll(minute: int, *alerts: Any) -> Any:
        server.now = pulled.now = NOW + minute * MINUTE
        replay.alerts = list(alerts)
        return polled(pulled, server.url)

    poll.replay, poll.server, poll.pulled = replay, server, pulled  # type: ignore[attr-defined]
    return poll


def at(minute: int) -> Any:
    return (NOW + minute * MINUTE).replace(tzinfo=None)


def test_alertmanager_what_has_gone_has_ended_between_two_polls(watched: Any) -> None:
    disk, cpu = gettable("DiskFull", NOW - 3 * MINUTE), gettable("HighCpu", NOW - 2 * MINUTE)
    assert watched(0, disk, cpu).n_new == 2
    assert [alert["resolved_at"] for alert in watched.pulled.alerts] == [None, None]
    report = watched(5, cpu)
    assert report.complete_until == NOW + 5 * MINUTE
    ended = {alert["rule"]: alert for alert in watched.pulled.alerts}
    assert ended["DiskFull"]["resolved_at"] == at(5)
    assert ended["DiskFull"]["labels"]  # the resolve says nothing of them, and takes nothing away
    assert ended["HighCpu"]["resolved_at"] is None
    assert ended["HighCpu"]["message"] == "HighCpu is down"
    assert watched.pulled.store.history().watermark == at(5)


def test_alertmanager_tells_nothing_where_nothing_has_changed(watched: Any) -> None:
    disk = gettable("DiskFull", NOW - 3 * MINUTE)
    watched(0, disk)
    for minute in (1, 2, 3):
        assert watched(minute, gettable("DiskFull", NOW - 3 * MINUTE, now=NOW + minute * MINUTE)).n_records == 0
    assert len(watched.pulled.alerts) == 1


def test_alertmanager_a_later_start_is_another_alert(watched: Any) -> None:
    watched(0, gettable("DiskFull", NOW - 3 * MINUTE))
    watched(5, gettable("DiskFull", NOW + 4 * MINUTE))
    first, second = sorted(watched.pulled.alerts, key=lambda alert: alert["fired_at"])
    assert (first["fired_at"], first["resolved_at"]) == (at(-3), at(4))
    assert (second["fired_at"], second["resolved_at"], second["occurrences"]) == (at(4), None, 1)


def test_alertmanager_an_earlier_start_is_the_same_alert(watched: Any) -> None:
    watched(0, gettable("DiskFull", NOW - 3 * MINUTE))
    watched(5, gettable("DiskFull", NOW - 9 * MINUTE))
    assert len(watched.pulled.alerts) == 1


def test_alertmanager_suppressed_and_back(watched: Any) -> None:
    watched(0, gettable("DiskFull", NOW - 3 * MINUTE, state="suppressed"))
    assert watched.pulled.alerts[0]["status"] == "suppressed"
    watched(5, gettable("DiskFull", NOW - 3 * MINUTE))
    assert watched.pulled.alerts[0]["status"] == "firing"
    assert watched.pulled.alerts[0]["occurrences"] == 1


def test_alertmanager_that_was_just_started_may_not_know_yet(watched: Any) -> None:
    watched(0, gettable("DiskFull", NOW - 3 * MINUTE))
    watched.replay.started = NOW + 4 * MINUTE
    report = watched(5)
    assert "1 alert that it no longer shows is kept as open" in report.notes[0]
    assert watched.pulled.alerts[0]["resolved_at"] is None
    watched(6, gettable("DiskFull", NOW - 3 * MINUTE))
    assert watched.pulled.alerts[0]["occurrences"] == 1
    assert watched(20).notes == ()
    assert watched.pulled.alerts[0]["resolved_at"] == at(20)


def test_alertmanager_a_failed_poll_changes_nothing(watched: Any) -> None:
    disk = gettable("DiskFull", NOW - 3 * MINUTE)
    watched(0, disk)
    watched.server.faults = {len(watched.server.requests): Reply({"code": 500, "message": "no"}, 400)}
    with pytest.raises(PullError):
        watched(5)
    watched.server.faults = {len(watched.server.requests) + 1: Reply({}, 400)}  # the status, asked for what has gone
    with pytest.raises(PullError):
        watched(6)
    watched(7, disk)
    assert watched.pulled.alerts[0]["resolved_at"] is None


def test_alertmanager_broken_records_are_set_aside(watched: Any) -> None:
    disk = gettable("DiskFull", NOW - 3 * MINUTE)
    report = watched(
        0, disk, None, {"fingerprint": 3}, {**gettable("X", NOW), "startsAt": "then"}, {**disk, "labels": 3}
    )
    assert report.n_quarantined >= 3


def test_alertmanager_whose_clock_is_ahead_ends_its_alerts_too(watched: Any) -> None:
    disk = gettable("DiskFull", NOW + 2 * MINUTE)
    assert watched(0, disk).n_new == 1
    assert watched(1).n_quarantined == 0  # by our clock it has not begun
    assert watched.pulled.alerts[0]["resolved_at"] is None
    assert watched(2).n_quarantined == 0
    watched(5)
    [alert] = watched.pulled.alerts
    assert (alert["fired_at"], alert["resolved_at"], alert["occurrences"]) == (at(2), at(5), 1)
    watched(6, gettable("DiskFull", NOW + 8 * MINUTE))
    watched(7, gettable("DiskFull", NOW + 9 * MINUTE))
    assert watched(12).n_quarantined == 0
    stood = sorted((alert["fired_at"], alert["resolved_at"]) for alert in watched.pulled.alerts)
    assert stood == [(at(2), at(5)), (at(8), at(9)), (at(9), at(12))]


def test_alertmanager_an_alert_is_observed_no_earlier_than_it_begins(watched: Any) -> None:
    watched(0, gettable("DiskFull", NOW + 2 * MINUTE, state="suppressed"))
    assert watched.pulled.alerts[0]["status"] == "suppressed"
    watched(1, gettable("DiskFull", NOW + 2 * MINUTE))
    assert watched.pulled.alerts[0]["status"] == "firing"
    cursor = watched.pulled.store._base.cursor()
    events = cursor.execute("SELECT happened_at, observed_at FROM store.alert_events").fetchall()
    assert {at(2)} == {one for event in events for one in event}


@pytest.mark.parametrize("labels", [None, {}, 3, []])
def test_alertmanager_an_alert_that_is_refused_is_not_kept_as_open(labels: Any, watched: Any) -> None:
    disk = {**gettable("DiskFull", NOW - 3 * MINUTE), "labels": labels}
    assert watched(0, disk).n_quarantined == 1
    reason = watched.pulled.store.history().quarantine().to_pylist()[0]["reason"]
    assert reason.startswith("labels: ")
    watched(5)
    assert watched.pulled.alerts == []


def test_alertmanager_must_answer_a_list(serve: Any, puller: Any) -> None:
    with pytest.raises(PullError, match="is no list of alerts"):
        polled(puller(), serve(lambda request: Reply({"status": "success", "data": []})).url)


def test_alertmanager_meets_the_webhook_in_one_timeline(watched: Any) -> None:
    from alert_analytics.sources import Alertmanager as Webhooks

    disk = gettable("DiskFull", NOW - 3 * MINUTE)
    watched(0, disk)
    alert = {**disk, "status": "resolved", "endsAt": "2025-03-10T12:02:00Z"}
    webhook = {"version": "4", "alerts": [alert], "externalURL": "http://alertmanager:9093"}
    watched.pulled.store.ingest([webhook], source=Webhooks())
    watched(5)
    assert [one["resolved_at"] for one in watched.pulled.alerts] == [at(2)]
