"""One page over HTTP: retries, waits, limits, redirects, and what is no answer."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from alert_analytics.errors import PullError
from alert_analytics.pulls.address import Address
from alert_analytics.pulls.client import Client, Limits
from alert_analytics.pulls.credentials import Credentials
from alert_analytics.settings import Secret
from tests.servers.replay import NOW, App, Reply, Server

TOKEN = "s3cr3t-t0ken-0123456789"


@pytest.fixture
def asking(serve: Callable[[App], Server]) -> Any:
    """Make a server and a client of it that keeps its waits."""
    clients = []

    def make(app: App, **limits: Any) -> tuple[Server, Client, list[float]]:
        server, waits = serve(app), list[float]()
        client = Client(
            Address.parse(server.url),
            Credentials("Bearer", (Secret("SOME_TOKEN", TOKEN),)),
            hint="such as https://api.example.com.",
            variables="SOME_TOKEN",
            limits=Limits(**limits),
            sleep=waits.append,
            clock=lambda: NOW,
        )
        clients.append(client)
        return server, client, waits

    yield make
    for client in clients:
        client.close()


def good(request: object) -> Reply:
    return Reply({"ok": True})


def test_an_answer_is_json_with_the_servers_time(asking: Any) -> None:
    server, client, waits = asking(good)
    server.now = NOW + timedelta(seconds=90)
    answer = client.get("/v1/things", [("limit", "3"), ("q", "a b&c")])
    assert answer.data == {"ok": True}
    assert answer.now == server.now
    assert client.skew_s == 90
    assert server.requests[0].path == "/v1/things"
    assert server.requests[0].params == {"limit": ["3"], "q": ["a b&c"]}
    assert server.requests[0].headers["Authorization"] == f"Bearer {TOKEN}"
    assert waits == []


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_busy_server_is_asked_again(status: int, asking: Any) -> None:
    server, client, waits = asking(good)
    server.faults = {0: Reply({}, status), 1: Reply({}, status), 2: Reply({}, status)}
    assert client.get("/x").data == {"ok": True}
    assert waits == [2, 4]  # at once, then longer and longer


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"Retry-After": "7"}, 7),
        ({"ratelimit-limit": "960", "ratelimit-remaining": "0", "ratelimit-reset": "39"}, 39),
        ({"Retry-After": "soon"}, None),
        ({"ratelimit-reset": "-1"}, None),
    ],
)
def test_the_server_says_how_long_to_wait(headers: dict[str, str], wait: float | None, asking: Any) -> None:
    server, client, waits = asking(good)
    server.faults = {0: Reply({}, 429, headers)}
    client.get("/x")
    assert waits == ([] if wait is None else [wait])


def test_a_date_says_it_too(asking: Any) -> None:
    server, client, waits = asking(good)
    server.now = NOW - timedelta(hours=2)  # the date is by the server's own clock
    after = format_datetime(server.now + timedelta(seconds=30), usegmt=True)
    server.faults = {0: Reply({}, 503, {"Retry-After": after})}
    client.get("/x")
    assert waits == [30]


def test_the_last_request_that_is_granted_waits_before_the_next(asking: Any) -> None:
    spent = {"ratelimit-remaining": "0", "ratelimit-reset": "12"}
    _, client, waits = asking(lambda request: Reply({}, headers=spent))
    client.get("/x")
    assert waits == [12]


def test_a_wait_beyond_patience_is_no_wait(asking: Any) -> None:
    server, client, waits = asking(good)
    server.faults = {0: Reply({}, 429, {"Retry-After": "86400"})}
    with pytest.raises(PullError, match=r"asks to wait 86,400 s\. Hint: run the same command after that"):
        client.get("/x")
    assert waits == []


def test_a_server_that_stays_busy_is_given_up(asking: Any) -> None:
    server, client, _ = asking(lambda request: Reply({"error": "too much"}, 503), retries=2)
    with pytest.raises(PullError, match=r"answered 503 3 times: too much\. Hint: it is busy or broken"):
        client.get("/x")
    assert len(server.requests) == 3


def test_a_cut_page_is_read_again(asking: Any) -> None:
    server, client, _ = asking(good)
    server.faults = {0: Reply({"ok": False}, cut=True)}
    assert client.get("/x").data == {"ok": True}
    server.faults = {i: Reply({}, cut=True) for i in range(100)}
    with pytest.raises(PullError, match="did not answer whole 6 times"):
        client.get("/x")


def test_broken_packing_is_read_again(asking: Any) -> None:
    server, client, _ = asking(good)
    packed = gzip.compress(b'{"ok": 1}')
    server.faults = {0: Reply(body=packed[:-12] + bytes(12), headers={"Content-Encoding": "gzip"})}
    assert client.get("/x").data == {"ok": True}


def test_a_slow_server_is_given_up(serve: Any) -> None:
    server = serve(lambda request: time.sleep(0.05) or good(request))
    client = Client(Address.parse(server.url), Credentials(), limits=Limits(retries=0, read_s=0.01))
    with pytest.raises(PullError, match="was too slow once "):
        client.get("/x")
    client.close()


def test_nobody_there(asking: Any) -> None:
    client = Client(Address.parse("http://127.0.0.1:9"), Credentials(), limits=Limits(retries=1), sleep=lambda _: None)
    with pytest.raises(PullError, match=r"127.0.0.1: could not be reached 2 times \(.*refused\). Hint: is it up"):
        client.get("/x")
    client.close()


def test_a_page_has_a_largest_size_also_when_it_was_packed(asking: Any) -> None:
    body = json.dumps("x" * 3000).encode()
    for reply in (Reply(body=body), Reply(body=gzip.compress(body), headers={"Content-Encoding": "gzip"})):
        server, client, _ = asking(lambda request, reply=reply: reply, page_bytes=1000)
        with pytest.raises(PullError, match="a page is larger than 1,000 bytes"):
            client.get("/x")
        assert len(server.requests) == 1


def test_a_page_has_a_longest_time(asking: Any) -> None:
    _, client, _ = asking(good, page_s=-1.0)
    with pytest.raises(PullError, match="took longer"):
        client.get("/x")


@pytest.mark.parametrize("status", [401, 403])
def test_credentials_refused(status: int, asking: Any) -> None:
    server, client, _ = asking(lambda request: Reply({"error": {"message": f"no {TOKEN}"}}, status))
    with pytest.raises(PullError) as refused:
        client.get("/x")
    assert str(refused.value) == (
        f"127.0.0.1: does not accept the credentials ({status}): no ***. "
        "Hint: set SOME_TOKEN in the environment, with the right to read."
    )
    assert len(server.requests) == 1


def test_credentials_missing(serve: Any) -> None:
    server = serve(lambda request: Reply({}, 401))
    client = Client(Address.parse(server.url), Credentials(), variables="SOME_TOKEN")
    with pytest.raises(PullError, match=r"asks for credentials \(401\)\. Hint: set SOME_TOKEN"):
        client.get("/x")
    client.close()


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply({"message": "Not Found"}, 404), r"has no /x \(404\): Not Found\. Hint: such as https://api"),
        (Reply(status=404, body=b"404 page not found"), r"has no /x \(404\)\. Hint: such as"),
        (Reply({"status": "error", "error": "parse error"}, 400), r"/x answered 400: parse error\."),
        (Reply(body=b"<!DOCTYPE html><HTML>Sign in"), "answered HTML, perhaps a login page, where JSON was expected"),
        (Reply(body=b"ok", headers={"Content-Type": "text/plain"}), r"answered no JSON \(text/plain\) where JSON"),
        (Reply(body=b""), "where JSON was expected"),
        (Reply(body=b"\xff\xfe\xfd"), "where JSON was expected"),
        (Reply(body=b"[" * 200_000), "where JSON was expected"),
        (Reply(body=b'{"n": ' + b"9" * 10_000 + b"}"), "where JSON was expected"),
    ],
)
def test_what_is_no_answer(reply: Reply, said: str, asking: Any) -> None:
    server, client, _ = asking(lambda request: reply)
    with pytest.raises(PullError, match=said):
        client.get("/x")
    assert len(server.requests) == 1


def test_a_redirect_within_the_server_is_followed(asking: Any) -> None:
    server, client, _ = asking(good)
    server.faults = {0: Reply({}, 307, {"Location": "/y?a=1"})}
    assert client.get("/x").data == {"ok": True}
    assert server.paths() == ["/x", "/y"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_elsewhere_is_not_followed_and_gets_no_secret(status: int, asking: Any, serve: Any) -> None:
    elsewhere = serve(good)
    server, client, _ = asking(lambda request: Reply({}, status, {"Location": f"{elsewhere.url}/x?t={TOKEN}"}))
    with pytest.raises(PullError, match="redirects to another address, which is not followed") as refused:
        client.get("/x")
    assert elsewhere.requests == []
    assert elsewhere.url in str(refused.value)
    assert TOKEN not in str(refused.value)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "location", ["", "//127.0.0.1:1/x", "http://user@127.0.0.1/x", "ftp://127.0.0.1/", "http://[/"]
)
def test_strange_redirects_are_not_followed(location: str, asking: Any) -> None:
    _, client, _ = asking(lambda request: Reply({}, 302, {"Location": location}))
    with pytest.raises(PullError, match="redirects to another address"):
        client.get("/x")


def test_a_circle_of_redirects_ends(asking: Any) -> None:
    server, client, _ = asking(lambda request: Reply({}, 302, {"Location": request.path}))
    with pytest.raises(PullError, match="redirects in a circle"):
        client.get("/x")
    assert len(server.requests) == 4


def test_a_certificate_that_nobody_vouches_for_is_refused(asking: Any, serve: Any) -> None:
    server = serve(good)
    client = Client(Address.parse(server.url.replace("http:", "https:")), Credentials(), sleep=lambda _: None)
    with pytest.raises(PullError, match="no trusted connection"):
        client.get("/x")
    client.close()
    assert server.requests == []


def test_control_characters_of_a_server_do_nothing(asking: Any) -> None:
    _, client, _ = asking(lambda request: Reply({"error": "\x1b[2Jgone"}, 400))
    with pytest.raises(PullError) as refused:
        client.get("/x")
    assert "\x1b" not in str(refused.value)
