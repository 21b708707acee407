"""Secrets come from the environment alone, go to one server alone, and are seen nowhere else."""

from __future__ import annotations

import json
import logging
from base64 import b64encode
from contextlib import closing
from pathlib import Path
from typing import Any
from unittest.mock import Mock
from urllib.parse import quote, quote_plus

import pytest
from urllib3.exceptions import ProtocolError

from alert_analytics.errors import AlertAnalyticsError, PullError, SettingsError
from alert_analytics.history import AlertStore
from alert_analytics.pulls import FEEDS, Feed, Limits, Opsgenie, PagerDuty, ServiceNow, pull
from alert_analytics.pulls.address import Address
from alert_analytics.pulls.client import Client
from alert_analytics.pulls.credentials import Credentials, Way, credentials
from alert_analytics.settings import Secret, secret
from tests.servers.opsgenie import OpsgenieReplay
from tests.servers.pagerduty import PagerDutyReplay
from tests.servers.replay import NOW, Reply
from tests.servers.servicenow import ServiceNowReplay
from tests.unit.pulls.conftest import READERS, SECRETS

BASIC = b64encode(f"{SECRETS['SERVICENOW_USER']}:{SECRETS['SERVICENOW_PASSWORD']}".encode()).decode()


@pytest.mark.parametrize(
    ("replay", "feed", "hidden"),
    [
        (PagerDutyReplay, PagerDuty(), [SECRETS["PAGERDUTY_TOKEN"]]),
        (OpsgenieReplay, Opsgenie(), [SECRETS["OPSGENIE_API_KEY"]]),
        (ServiceNowReplay, ServiceNow(), [SECRETS["SERVICENOW_PASSWORD"], BASIC]),
    ],
)
def test_no_secret_is_left_anywhere(
    replay: Any,
    feed: Feed,
    hidden: list[str],
    serve: Any,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capsys: Any,
) -> None:
    caplog.set_level(logging.DEBUG)
    server, other = serve(replay()), serve(lambda request: Reply({}))
    said = []
    with AlertStore.open(tmp_path / "alerts.duckdb") as store:

        def pulled(**given: Any) -> None:
            report = pull(
                store, server.url, source=feed, reads=READERS[feed.name], environment=SECRETS, sleep=lambda _: None,
                clock=lambda: NOW, **given,
            )  # fmt: skip
            said.append(repr(report) + report.sentence + str(report.to_dict()))

        pulled()
        for fault in (
            Reply({"error": " ".join(hidden)}, 401),
            Reply({}, 302, {"Location": f"{other.url}/?a={hidden[0]}"}),
            Reply({"message": " ".join(hidden)}, 400),
        ):
            server.faults = {len(server.requests): fault}
            with pytest.raises(PullError) as failed:
                pulled()
            said.append(f"{failed.value}{failed.value!r}{failed.value.__dict__}{failed.value.__cause__!r}")
    places = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert "alerts.duckdb" in places
    places |= {
        "said": "".join(said).encode(),
        "log": caplog.text.encode(),
        "printed": "".join(capsys.readouterr()).encode(),
    }
    assert other.requests == []
    assert any(request.headers["Authorization"] for request in server.requests)  # the secret was there to be lost
    for place, content in places.items():
        for one in hidden:
            assert one.encode() not in content, place
    assert server.url.encode() in places["alerts.duckdb"]  # the scan can find what the cursor holds


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://user:hunter22@api.example.com", "the address of api.example.com holds a user or password"),
        ("https://hunter22@api.example.com/x", "holds a user or password"),
        ("https://api.example.com?api_key=hunter22", "the query parameter 'api_key' looks like a secret"),
        ("https://api.example.com?X-Auth-Token=hunter22", "looks like a secret"),
        ("https://api.example.com?apiKey=hunter22", "looks like a secret"),
        ("https://api.example.com?key=hunter22", "looks like a secret"),
        ("ftp://api.example.com/hunter22", "expected an address that begins with https:// or http://"),
        ("api.example.com/hunter22", "expected an address"),
        ("https:///hunter22", "expected an address"),
        ("https://api.example.com/#hunter22", "expected an address"),
        ("https://api.example.com/hunter22\r\nX: y", "expected an address"),
        ("https://api.ex ample.com/hunter22", "expected an address"),
        ("https://[api/hunter22", "no address that can be read"),
        ("https://api.example.com:port/hunter22", "no address that can be read"),
        ("", "expected an address"),
    ],
)
def test_what_is_no_address_is_refused_without_showing_it(url: str, said: str) -> None:
    with pytest.raises(PullError) as refused:
        Address.parse(url)
    assert said in str(refused.value)
    assert "hunter22" not in str(refused.value)


def test_an_address_is_read_as_users_write_it() -> None:
    address = Address.parse(" HTTPS://Prom.Example.com:9090/prefix/api/v1/?dedup=true ", endings=("/api/v1",))
    assert str(address) == "https://prom.example.com:9090/prefix?dedup=true"
    assert address.url("/q", [("dedup", "false"), ("a", "1 2")]) == (
        "https://prom.example.com:9090/prefix/q?dedup=false&a=1+2"
    )
    assert str(Address.parse("http://[::1]:80/")) == "http://[::1]"
    assert str(Address.parse("https://a.example.com:443")) == "https://a.example.com"


WAYS = (Way("Bearer", ("A_TOKEN",)), Way("Basic", ("A_USER", "A_PASSWORD")))
TLS, PLAIN = Address.parse("https://a.example.com"), Address.parse("http://a.example.com")


def test_the_first_way_that_is_set_is_taken() -> None:
    both = {"A_TOKEN": "t0ken", "A_USER": "u", "A_PASSWORD": "päss\n"}
    assert credentials(WAYS, TLS, needed=True, environment=both).header == {"Authorization": "Bearer t0ken"}
    del both["A_TOKEN"]
    basic = b64encode("u:päss".encode()).decode()
    assert credentials(WAYS, TLS, needed=True, environment=both).header == {"Authorization": f"Basic {basic}"}
    assert credentials(WAYS, PLAIN, needed=False, environment={}).header == {}


@pytest.mark.parametrize(
    ("environment", "address", "said"),
    [
        ({}, TLS, "there are none. Hint: set A_TOKEN, or A_USER and A_PASSWORD in the environment"),
        ({"A_TOKEN": "  "}, TLS, "there are none"),
        ({"A_USER": "someone"}, TLS, "A_USER is set, A_PASSWORD is not. Hint: set A_PASSWORD"),
        ({"A_TOKEN": "hunter22"}, PLAIN, "would go to a.example.com unencrypted. Hint: give an address that begins"),
        ({"A_TOKEN": "hunter22ü"}, TLS, "A_TOKEN holds letters that no token has"),
        ({"A_TOKEN": "hunter22"}, Address.parse("https://a.example.com/x/hunter22"), "the address holds the secret"),
    ],
)
def test_credentials_that_cannot_be_used(environment: dict[str, str], address: Address, said: str) -> None:
    with pytest.raises(PullError) as refused:
        credentials(WAYS, address, needed=True, environment=environment)
    assert said in str(refused.value)
    assert "hunter22" not in str(refused.value)


def test_a_secret_shows_its_name_alone() -> None:
    one = Secret("A_TOKEN", " hunter22\n")
    assert one.reveal() == "hunter22"
    assert "hunter22" not in f"{one}{one!r}{Credentials('Bearer', (one,))!r}"
    with pytest.raises(SettingsError, match="A_TOKEN holds a line break") as refused:
        Secret("A_TOKEN", "hunter22\nX-Other: y")
    assert "hunter22" not in str(refused.value)
    assert secret("A_TOKEN", {"A_TOKEN": ""}) is None


SPECIAL = 'hunter22/+"\\ü end'


@pytest.mark.slow
def test_no_part_of_a_secret_is_said_where_the_servers_words_are_cut(serve: Any) -> None:
    held = Credentials("Basic", (Secret("A_USER", "someone"), Secret("A_PASSWORD", SPECIAL)))
    forms = (
        SPECIAL,
        quote(SPECIAL, safe=""),
        quote_plus(SPECIAL),
        json.dumps(SPECIAL)[1:-1],
        held.header["Authorization"][6:],
    )
    server = serve(lambda request: Reply({}))
    client = Client(Address.parse(server.url), held, limits=Limits(retries=0), sleep=lambda _: None)
    with closing(client):
        for form in forms:
            for offset in range(150, 211):
                for status in (400, 503):
                    server.faults = {len(server.requests): Reply({"error": f"{'.' * offset}{form} is not it"}, status)}
                    with pytest.raises(PullError) as failed:
                        client.get("/x")
                    assert form[:2] not in str(failed.value).partition("...")[2], (form, offset, status)


def test_no_part_of_a_secret_is_said_where_the_words_of_a_failed_connection_are_cut() -> None:
    held = Credentials("Bearer", (Secret("A_TOKEN", "hunter22-secret"),))
    for offset in range(150, 211):
        client = Client(TLS, held, limits=Limits(retries=0), sleep=lambda _: None)
        client._pool.request = Mock(side_effect=ProtocolError(f"{'.' * offset}hunter22-secret"))  # type: ignore[method-assign]
        with pytest.raises(PullError) as failed:
            client.get("/y")
        assert "hu" not in str(failed.value), offset
        assert "secret" not in str(failed.value), offset


def test_a_secret_is_hidden_in_every_way_of_writing_it() -> None:
    text = 'hunter22/+"\\ x'
    held = Credentials("Bearer", (Secret("A_TOKEN", text),))
    assert held.hide(f"a {quote(text, safe='')} b {quote_plus(text)} c {json.dumps(text)}") == 'a *** b *** c "***"'
    umlaut = Credentials("Basic", (Secret("A_USER", "me"), Secret("A_PASSWORD", 'pä"sswört')))
    assert umlaut.hide('a pä\\"sswört b p\\u00e4\\"ssw\\u00f6rt c p%C3%A4%22ssw%C3%B6rt') == "a *** b *** c ***"


def test_a_secret_of_next_to_no_letters_wrecks_no_message() -> None:
    held = Credentials("Basic", (Secret("A_USER", "eve"), Secret("A_PASSWORD", "e")))
    assert held.hide("every message stays") == "every message stays"
    assert held.hide(f"but {b64encode(b'eve:e').decode()} is hidden") == "but *** is hidden"


@pytest.mark.parametrize("written", [quote("hunter22/+ x", safe=""), quote_plus("hunter22/+ x")])
def test_an_address_that_holds_the_secret_in_another_writing_is_refused(written: str) -> None:
    with pytest.raises(PullError, match="the address holds the secret itself") as refused:
        credentials(
            WAYS,
            Address.parse(f"https://a.example.com/x/{written}"),
            needed=True,
            environment={"A_TOKEN": "hunter22/+ x"},
        )
    assert "hunter22" not in str(refused.value)


def test_secrets_are_not_read_from_the_file_of_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "alert-analytics.toml").write_text('PAGERDUTY_TOKEN = "hunter22"\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PAGERDUTY_TOKEN", raising=False)
    assert secret("PAGERDUTY_TOKEN") is None
    monkeypatch.setenv("PAGERDUTY_TOKEN", "hunter22")
    found = secret("PAGERDUTY_TOKEN")
    assert found is not None
    assert found.reveal() == "hunter22"


@pytest.mark.parametrize("name", FEEDS)
def test_every_feed_refuses_a_query_that_it_cannot_keep(name: str, puller: Any) -> None:
    with pytest.raises(PullError, match="'offset' in the address") as refused:
        puller()("https://a.example.com?offset=7", source=name)
    assert "--since says where to begin" in str(refused.value)


@pytest.mark.parametrize(
    ("source", "query", "said"),
    [
        ("servicenow", "sysparm_query=active=true^NQpriority=1", r"\^NQ in sysparm_query would break"),
        ("servicenow", "sysparm_query=ORDERBYnumber", "ORDERBY in sysparm_query"),
        ("opsgenie", "query=status:open) OR (priority:P1", "brackets in the query are not in pairs"),
        ("opsgenie", "query=(status:open", "brackets in the query are not in pairs"),
        ("prometheus", "step=fast", "step=fast is no step"),
        ("nagios", "", "nothing that can be pulled is called so"),
    ],
)
def test_what_a_feed_does_not_take(source: str, query: str, said: str, puller: Any) -> None:
    with pytest.raises(AlertAnalyticsError, match=said):
        puller()(f"https://a.example.com?{query}", source=source)


def test_since_must_be_a_time_before_now(puller: Any) -> None:
    with pytest.raises(PullError, match="lies in the future"):
        puller()("https://a.example.com", source="pagerduty", since="2025-04-01")
    with pytest.raises(AlertAnalyticsError, match="is not a time"):
        puller()("https://a.example.com", source="pagerduty", since="yesterday")
    with pytest.raises(PullError, match="alertmanager shows the present only"):
        puller()("https://a.example.com", source="alertmanager", since="2025-03-01")


def test_the_largest_page_can_be_set(serve: Any, puller: Any) -> None:
    pulled = puller()
    pulled.limits = Limits(page_bytes=100)
    with pytest.raises(PullError, match="larger than 100 bytes"):
        pulled(serve(PagerDutyReplay()).url, source="pagerduty")
