"""A pull that stops anywhere goes on there: the store ends as if nothing had happened."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from alert_analytics.errors import PullError
from alert_analytics.history import AlertStore
from alert_analytics.pulls import Feed, Limits, Opsgenie, PagerDuty, Progress, ServiceNow
from tests.servers.opsgenie import OpsgenieReplay
from tests.servers.pagerduty import PagerDutyReplay
from tests.servers.replay import NOW, Reply
from tests.servers.servicenow import ServiceNowReplay

pytestmark = pytest.mark.slow  # `make check` has its minutes for the rest

N = 6
SYSTEMS: dict[str, tuple[Callable[[], Any], Feed]] = {
    "pagerduty": (PagerDutyReplay, PagerDuty(page_size=5, slice_days=16)),
    "opsgenie": (OpsgenieReplay, Opsgenie(page_size=3, slice_days=16)),
    "servicenow": (ServiceNowReplay, ServiceNow(page_size=3)),
}


@pytest.fixture(params=SYSTEMS)
def system(request: pytest.FixtureRequest) -> tuple[Any, Feed]:
    make, feed = SYSTEMS[request.param]
    return make(), feed


def test_a_pull_brings_everything_once(system: Any, serve: Any, puller: Any) -> None:
    replay, feed = system
    server, pulled = serve(replay), puller()
    report = pulled(server.url, source=feed)
    assert len(pulled.alerts) == N
    assert all(alert["resolved_at"] is not None for alert in pulled.alerts)
    assert (report.n_new, report.n_quarantined) == (N, 0)
    assert report.n_read == report.n_new + report.n_updated + report.n_duplicate
    assert report.complete_until == NOW
    assert "began at 2025-02-08 12:00 UTC; --since reaches further back." in report.sentence
    assert report.sentence.endswith("It is complete until 2025-03-10 12:00 UTC.")


def test_the_next_pull_reads_little_and_changes_nothing(system: Any, serve: Any, puller: Any) -> None:
    replay, feed = system
    server, pulled = serve(replay), puller()
    first = pulled(server.url, source=feed)
    before, n_asked = pulled.alerts, len(server.requests)
    server.now = pulled.now = NOW + timedelta(hours=1)
    again = pulled(server.url, source=feed)
    assert pulled.alerts == before
    assert (again.n_new, again.n_updated) == (0, 0)
    assert len(server.requests) - n_asked < n_asked / 2
    assert again.n_records <= first.n_records / 2
    assert "went on where the last pull of this address stopped" in again.sentence
    assert pulled.store.history().watermark is not None


def test_a_failure_at_any_page_loses_nothing(system: Any, serve: Any, puller: Any) -> None:
    replay, feed = system
    server, undisturbed = serve(replay), puller()
    undisturbed(server.url, source=feed)
    faults = itertools.cycle(
        [
            Reply({"error": "oops"}, 500),
            Reply({"incidents": []}, cut=True),
            Reply(body=b"<html><title>Sign in</title>", headers={"Content-Type": "text/html"}),
        ]
    )
    for k, fault in zip(range(len(server.requests)), faults, strict=False):
        disturbed, server.requests = puller(), []
        disturbed.limits = Limits(retries=0)
        server.faults = {k: fault}
        with pytest.raises(PullError) as stopped:
            disturbed(server.url, source=feed)
        if k:
            assert ("1 page before it is" if k == 1 else f"{k} pages before it are") in str(stopped.value)
        server.faults = {}
        disturbed(server.url, source=feed)
        assert disturbed.alerts == undisturbed.alerts


def test_a_kill_after_any_page_loses_nothing(system: Any, serve: Any, puller: Any) -> None:
    replay, feed = system
    server, undisturbed = serve(replay), puller()
    n_pages = undisturbed(server.url, source=feed).n_pages

    for k in range(1, n_pages, 2):
        killed = puller()

        def kill(progress: Progress, at: int = k) -> None:
            if progress.n_pages == at:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            killed(server.url, source=feed, progress=kill)
        assert len(killed.alerts) <= N
        rest = killed(server.url, source=feed)
        assert killed.alerts == undisturbed.alerts
        assert rest.n_pages < n_pages + 2


def test_a_page_that_cannot_be_ingested_leaves_the_cursor_where_it_was(
    serve: Any, puller: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, pulled = serve(ServiceNowReplay()), puller()
    pulled(server.url, source=ServiceNow(page_size=3), since=NOW - timedelta(hours=80))
    name = f"servicenow_table {server.url}"
    before = pulled.store.cursor(name)
    assert before is not None

    class Breaks:
        name = "breaks"

        def read(self, connection: Any, data: Any) -> Any:
            raise MemoryError

    server.now = pulled.now = NOW + timedelta(hours=1)
    with pytest.raises(MemoryError):
        pulled(server.url, source=ServiceNow(page_size=3), reads=Breaks())
    assert pulled.store.cursor(name) == before


def test_progress_grows_to_its_end(system: Any, serve: Any, puller: Any) -> None:
    replay, feed = system
    server, pulled = serve(replay), puller()
    told: list[Progress] = []
    pulled(server.url, source=feed, progress=told.append)
    shares = [one.share for one in told]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert [one.n_pages for one in told] == list(range(1, len(told) + 1))


def test_since_begins_anew(system: Any, serve: Any, puller: Any) -> None:
    replay, feed = system
    server, pulled = serve(replay), puller()
    pulled(server.url, source=feed, since=NOW - timedelta(hours=80))
    few = len(pulled.alerts)
    assert 0 < few < 5
    report = pulled(server.url, source=feed, since="2025-01-01")
    assert len(pulled.alerts) == N
    assert "it began at 2025-01-01 00:00 UTC" in report.sentence


def test_another_address_begins_anew_and_says_so(system: Any, serve: Any, puller: Any) -> None:
    replay, feed = system
    server, pulled = serve(replay), puller()
    pulled(server.url, source=feed)
    moved = serve(replay)
    report = pulled(moved.url, source=feed)
    assert "no earlier pull of this address to go on from" in report.sentence
    assert (report.n_new, len(pulled.alerts)) == (0, N)


def test_a_server_that_repeats_itself_is_found_out(system: Any, serve: Any, puller: Any) -> None:
    _, feed = system
    stuck = json.dumps(_stuck(feed)).encode()
    server, pulled = serve(lambda request: Reply(body=stuck, headers={"Link": '<x>;rel="next"'})), puller()
    with pytest.raises(PullError, match="sends a page that it has sent before") as stopped:
        pulled(server.url, source=feed)
    assert "does a proxy cache the answers" in str(stopped.value)
    assert len(server.requests) < 5


def _stuck(feed: Feed) -> dict[str, Any]:
    if feed.name == "pagerduty":
        return {"incidents": [PagerDutyReplay().incidents[0]], "more": True}
    if feed.name == "opsgenie":
        return {"data": [OpsgenieReplay().alerts[0]], "paging": {"next": "https://api.opsgenie.com/v2/alerts?offset=3"}}
    return {"result": [ServiceNowReplay().records[-1]]}


def test_an_empty_system_moves_the_cursor(system: Any, serve: Any, puller: Any) -> None:
    _, feed = system
    server, pulled = serve(type(system[0])(0)), puller()
    report = pulled(server.url, source=feed)
    assert (report.n_records, report.complete_until) == (0, NOW)
    assert "went on" in pulled(server.url, source=feed).sentence


def test_a_broken_record_is_set_aside_and_the_rest_is_used(system: Any, serve: Any, puller: Any) -> None:
    replay, feed = system
    if feed.name == "pagerduty":
        del replay.incidents[4]["id"]
    elif feed.name == "opsgenie":
        replay.alerts[4]["status"] = "strange"
    else:
        del replay.records[4]["number"]
    server, pulled = serve(replay), puller()
    report = pulled(server.url, source=feed)
    assert report.n_quarantined > 0
    assert len(pulled.alerts) == N - 1
    refused = pulled.store.history().quarantine().to_pylist()
    assert all(json.loads(row["original"]) and row["reason"] for row in refused)


@pytest.mark.parametrize("odd", [None, 17, "text", [3], {"only": "this"}])
def test_what_is_no_record_at_all_is_set_aside(odd: Any, system: Any, serve: Any, puller: Any) -> None:
    replay, feed = system

    def app(request: Any) -> Reply:
        reply = replay(request)
        for key in ("incidents", "log_entries", "data", "result"):
            if key in reply.data:
                reply.data[key] = [odd, *reply.data[key]]
        return Reply(reply.data, reply.status, reply.headers)

    server, pulled = serve(app), puller()
    report = pulled(server.url, source=feed)
    assert len(pulled.alerts) == N
    assert report.n_quarantined > 0


def test_a_cursor_that_is_none_is_refused_with_a_hint(system: Any, serve: Any, puller: Any) -> None:
    replay, feed = system
    server, pulled = serve(replay), puller()
    name = f"{feed.name} {server.url}"
    pulled(server.url, source=feed, since=NOW - timedelta(hours=1))
    for broken in ("{", "[]", '{"at": "soon"}', '{"kind": "strange"}', '{"kind": "incidents", "since": 3}', "{}"):
        _set_cursor(pulled.store, name, broken)
        with pytest.raises(PullError, match="cursor for this address cannot be used") as stopped:
            pulled(server.url, source=feed)
        assert "--since begins anew" in str(stopped.value)
    assert pulled(server.url, source=feed, since=NOW - timedelta(hours=1)).n_pages > 0


def _set_cursor(store: AlertStore, name: str, value: str) -> None:
    store._connection.cursor().execute("UPDATE store.cursors SET value = ? WHERE name = ?", [value, name])


def test_clocks_that_differ_are_told_and_lose_nothing(system: Any, serve: Any, puller: Any) -> None:
    replay, feed = system
    server, pulled = serve(replay), puller()
    pulled.now = NOW + timedelta(hours=3)
    report = pulled(server.url, source=feed)
    assert report.complete_until == NOW
    assert "The server's clock is 10,800 s behind this machine's" in report.notes[0]
    pulled.now = NOW - timedelta(hours=50)  # it was set back, below the cursor
    assert pulled(server.url, source=feed).complete_until == pulled.now
    pulled.now = NOW
    assert pulled(server.url, source=feed).notes == ()
    assert len(pulled.alerts) == N
