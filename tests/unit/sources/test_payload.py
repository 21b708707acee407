"""What every source of payloads gets for nothing: validation, quarantine with a reason, staging in batches."""

from __future__ import annotations

import json
import tomllib
import tracemalloc
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from alert_analytics import sources
from alert_analytics.alerts.events import AlertEvent
from alert_analytics.engine import connect
from alert_analytics.errors import SettingsError, SourceError
from alert_analytics.history import Source
from alert_analytics.settings import Settings
from alert_analytics.sources import PayloadSource
from tests.staging import staged


class Told(BaseModel):
    id: str
    at: datetime
    count: int | None = None
    labels: dict[str, str] | None = None
    value: float | None = None
    fail: str | None = None


@dataclass(frozen=True)
class Plain(PayloadSource[Told]):
    """A fire for each payload, told to fail where the payload says so."""

    name: ClassVar[str] = "plain"
    model: ClassVar[type[BaseModel]] = Told
    envelope: ClassVar[tuple[str, ...]] = ("items",)

    def events(self, payload: Told) -> Iterable[AlertEvent]:
        yield AlertEvent(
            kind="fire",
            fingerprint=payload.id,
            happened_at=payload.at,
            occurrences=payload.count,
            labels=payload.labels,
            value=payload.value,
        )
        if payload.fail == "overflow":
            yield AlertEvent("resolve", payload.id, payload.at + timedelta(days=4_000_000))
        if payload.fail:
            raise ValueError(payload.fail)

    def losses(self, payload: Told) -> Iterable[str]:
        if payload.count == 99:
            yield "99 are too many"


GOOD = {"id": "a", "at": "2026-03-02T10:00:00Z"}


def test_it_is_a_source() -> None:
    assert isinstance(Plain(), Source)
    assert Plain().name == "plain"


def test_each_source_is_announced_under_its_name() -> None:
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text(encoding="utf-8"))
    announced = project["project"]["entry-points"]["alert_analytics.sources"]
    assert {"alertmanager", "grafana", "prometheus", "servicenow", "pagerduty", "opsgenie", "servicenow_table"} <= set(
        announced
    )
    for name, place in announced.items():
        module, _, made = place.partition(":")
        source = getattr(import_module(module), made)()
        # Records of one instance meet, whichever way they came.
        assert source.name == {"servicenow_table": "servicenow", "alertmanager_poll": "alertmanager"}.get(name, name)
        assert isinstance(source, Source)
        assert getattr(sources, made) is type(source)


def test_events_come_with_their_line_and_the_text_they_came_from() -> None:
    first, second = '{"id": "a",  "at": "2026-03-02T10:00:00+02:00"}', '{"id": "b", "at": "2026-03-02T10:00:00"}'
    found = staged(Plain(), [first, second])
    assert found.n_records == 2
    assert found.refused == []
    assert found.events == [
        {"kind": "fire", "fingerprint": "a", "happened_at": datetime(2026, 3, 2, 8), "line": 1, "original": first},
        {"kind": "fire", "fingerprint": "b", "happened_at": datetime(2026, 3, 2, 10), "line": 2, "original": second},
    ]


def test_the_columns_are_those_of_an_event() -> None:
    rows = Plain().read(connect(), [GOOD]).rows
    assert rows.columns == [*AlertEvent._fields, "line", "reason", "original"]
    kinds = dict(zip(rows.columns, map(str, rows.types), strict=True))
    assert {kinds[name] for name in rows.columns if name.endswith("_at")} == {"TIMESTAMP"}
    assert kinds["labels"] == "MAP(VARCHAR, VARCHAR)"
    assert (kinds["value"], kinds["occurrences"], kinds["message"]) == ("DOUBLE", "BIGINT", "VARCHAR")


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ({"id": 1, "at": "2026-03-02"}, "id: Input should be a valid string"),
        ({"id": 1}, "id: Input should be a valid string (and 1 more)"),
        ({"at": "never", "id": "a"}, "at: Input should be a valid datetime or date, input is too short"),
        ("[]]", "Invalid JSON: trailing characters at line 1 column 3"),
        ("{", "Invalid JSON: EOF while parsing an object at line 1 column 1"),
        ("", "Invalid JSON: EOF while parsing a value at line 1 column 0"),
        ("null", "Input should be an object"),
        ("NaN", "Input should be an object"),
        ('"text"', "Input should be an object"),
        ("12", "Input should be an object"),
        ('{"id": "a\x00"}', "Invalid JSON: control character (\\u0000-\\u001F) found while parsing a string at line"),
        ('{"id": "\\ud800", "at": "2026-03-02"}', "Invalid JSON: unexpected end of hex escape at line 1 column 15"),
        (b'{"id": "\xff"}', "no UTF-8: byte 0xff at place 8"),
        ('{"x": ' + "[" * 5000, "Invalid JSON: recursion limit exceeded"),
        ('{"x": ' + "[" * 5000 + "]" * 5000 + "}", "Invalid JSON: recursion limit exceeded"),
        ('{"x": ' + "9" * 5000 + "}", "Invalid JSON: number out of range"),
        (GOOD | {"count": 2**70}, "a value does not fit: Python int too large to convert to C long"),
        (GOOD | {"fail": "it makes no sense"}, "it makes no sense"),
        (GOOD | {"fail": "overflow"}, "date value out of range"),
        (GOOD | {"fail": "long " * 200}, ("long " * 60)[:297] + "..."),
        (GOOD | {"fail": "\n\x1b[31m"}, "·[31m"),
        (GOOD | {"labels": {"\x00\n": 3}}, "labels.· : Input should be a valid string"),
    ],
)
def test_what_cannot_be_used_is_set_aside_with_its_reason(payload: Any, reason: str) -> None:
    found = staged(Plain(), [GOOD, payload, GOOD | {"id": "b"}])
    assert [event["fingerprint"] for event in found.events] == ["a", "b"]
    assert found.n_records == 3
    [(line, said, original)] = found.refused
    assert line == 2
    assert said.startswith(reason)
    assert original or payload == ""


def test_a_payload_is_used_whole_or_not_at_all() -> None:
    found = staged(Plain(), [GOOD | {"fail": "after the first event"}])
    assert found.events == []
    assert len(found.refused) == 1


def test_a_loss_is_said_beside_the_events() -> None:
    found = staged(Plain(), [GOOD | {"count": 99}])
    assert [event["occurrences"] for event in found.events] == [99]
    assert [(line, reason) for line, reason, _ in found.refused] == [(1, "99 are too many")]


def test_odd_values_that_are_sound_pass_unchanged() -> None:
    labels = {"": "", "a\x00": "\x00b", "quote'": '"; DROP TABLE alerts', "é": "🙂"}
    at = datetime(1, 1, 1, 3, tzinfo=timezone(timedelta(hours=2)))
    found = staged(Plain(), [{"id": "'\x00", "at": at, "labels": labels, "value": -0.0}])
    assert found.refused == []
    [event] = found.events
    assert event["labels"] == labels
    assert event["fingerprint"] == "'\x00"
    assert event["happened_at"] == datetime(1, 1, 1, 1)


def test_no_payloads_are_no_events() -> None:
    assert staged(Plain(), []) == ([], [], 0)
    assert staged(Plain(), [{"items": []}, "[]"]) == ([], [], 0)


def test_envelopes_and_arrays_hold_payloads() -> None:
    found = staged(Plain(), [{"items": [GOOD, {"id": 1}]}, json.dumps([GOOD])])
    assert [event["line"] for event in found.events] == [1, 3]
    assert [line for line, *_ in found.refused] == [2]
    assert found.n_records == 3


def test_batches_of_any_size_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    payloads: list[Any] = [GOOD | {"id": str(number), "count": number * 11} for number in range(25)]
    payloads[7], payloads[13] = {"id": 3}, GOOD | {"count": 2**70}
    found = []
    for size in ("1", "7", "1000"):
        monkeypatch.setenv("ALERT_BATCH_SIZE", size)
        found.append(staged(Plain(), payloads))
    assert found[0] == found[1] == found[2]
    assert len(found[0].events) == 23


def test_a_file_that_breaks_off_leaves_nothing_to_use() -> None:
    def broken() -> Iterator[Any]:
        yield GOOD
        yield 3

    with pytest.raises(SourceError, match="Item 2 is a int"):
        Plain().read(connect(), broken())


def test_reading_again_starts_anew() -> None:
    connection = connect()
    Plain().read(connection, [GOOD, GOOD])
    assert len(Plain().read(connection, [GOOD]).rows.fetchall()) == 1


@pytest.mark.slow
def test_memory_does_not_grow_with_json_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALERT_BATCH_SIZE", "100")
    peaks = []
    tracemalloc.start()
    for many in (20_000, 5_000, 20_000):  # the first fills the validator's cache of strings
        path = tmp_path / f"{many}.jsonl"
        path.write_text("".join(json.dumps(GOOD | {"id": str(number)}) + "\n" for number in range(many)))
        connection = connect()  # what it holds is the database's, which may keep it on disk
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        assert Plain().read(connection, path).n_records == many
        peaks.append(tracemalloc.get_traced_memory()[1] - before)
    tracemalloc.stop()
    assert peaks[2] < 1.2 * peaks[1]


def test_the_batch_size_is_a_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert Settings.load({}).batch_size == 1000
    (tmp_path / "alert-analytics.toml").write_text("ALERT_BATCH_SIZE = 50\n", encoding="utf-8")
    assert Settings.load({}).batch_size == 50
    assert Settings.load({"ALERT_BATCH_SIZE": "20"}).batch_size == 20
    with pytest.raises(SettingsError, match=r"ALERT_BATCH_SIZE is '0'; expected a positive whole number[.]"):
        Settings.load({"ALERT_BATCH_SIZE": "0"})


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.datetimes(timezones=st.just(UTC)),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@pytest.mark.slow
@settings(max_examples=50, deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from(["id", "at", "count", "labels", "value"]), anything) | st.text()))
def test_whatever_comes_is_used_or_set_aside(payloads: list[Any]) -> None:
    found = staged(Plain(), payloads)
    assert found.n_records == len(found.events) + len(found.refused) or any(isinstance(one, str) for one in payloads)
    assert all(reason and len(reason) <= 300 for _, reason, _ in found.refused)
