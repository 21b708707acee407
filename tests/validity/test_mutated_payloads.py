"""A hundred thousand payloads gone wrong, over all sources: each is used or set aside with a reason."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from alert_analytics import AlertStore
from alert_analytics.engine import connect
from alert_analytics.errors import AlertAnalyticsError
from alert_analytics.history import Source
from alert_analytics.history.schema import SEVERITIES
from alert_analytics.sources import Alertmanager, PayloadSource, Tabular
from alert_analytics.sources.documents import documents
from tests.mutations import damaged, mutated_payload, mutated_row
from tests.renderers import (
    alertmanager,
    grafana,
    opsgenie,
    pagerduty,
    prometheus,
    servicenow,
    servicenow_table,
    story,
)

FIXTURES = Path(__file__).parents[1] / "payloads"
BATCH = 2_500
ENVELOPES = {"incidents", "log_entries", "data", "result"}
TABULAR = Tabular(
    columns={
        "fingerprint": "Incident ID",
        "fired_at": "Open Time",
        "resolved_at": "Resolved Time",
        "severity": "Priority",
        "occurrences": "Count",
        "value": "Value",
    },
    timestamp_format="%d/%m/%Y %H:%M:%S",
    timezone="Europe/Paris",
    missing=["?"],
    severities={"1": "critical", "3": "medium"},
    labels=["CI Name"],
)
TICKETS = [
    {
        "Incident ID": f"A-{number}",
        "Open Time": f"{number % 28 + 1:02d}/03/2026 09:00:00",
        "Resolved Time": f"{number % 28 + 1:02d}/03/2026 10:30:00",
        "Priority": "1" if number % 2 else "3",
        "Count": str(number % 5 + 1),
        "Value": "0.5",
        "CI Name": f"web-{number % 3}",
    }
    for number in range(60)
]
WEEK = story.alerts()[:40]
HOURS = [prometheus.DAYS[0] + timedelta(hours=hours) for hours in range(0, 72, 2)]


def examples(name: str, told: Sequence[Any]) -> list[str]:
    """Sound payloads, one object each: what the renderers tell, and the fixtures."""
    found = list(told)
    for path in sorted((FIXTURES / name).glob("*.json")):
        value = json.loads(path.read_text(encoding="utf-8"))
        lists = [one for key, one in value.items() if key in ENVELOPES] if isinstance(value, dict) else [value]
        found += next((one for one in lists if isinstance(one, list)), [value])
    return [json.dumps(one) for one in found]


def n_held(payload: bytes, source: Any) -> int:
    """How many payloads it is: an incident that has lost its identity is a page of log entries."""
    try:
        value = json.loads(payload.decode())
    except (ValueError, RecursionError):
        return 1
    if not isinstance(value, dict) or "id" in value:
        return 1
    lists = [one for key, one in value.items() if key in source.envelope and isinstance(one, list)]
    return sum(map(len, lists)) if lists else 1


def payloads_of(name: str, told: Callable[[], Sequence[Any]]) -> Callable[[random.Random, int], list[bytes]]:
    def draw(chance: random.Random, size: int) -> list[bytes]:
        known = examples(name, told())
        return [mutated_payload(chance, chance.choice(known)) for _ in range(size)]

    return draw


def rows_of(rows: Sequence[dict[str, str | None]]) -> Callable[[random.Random, int], list[dict[str, str | None]]]:
    def draw(chance: random.Random, size: int) -> list[dict[str, str | None]]:
        return [mutated_row(chance, chance.choice(rows)) for _ in range(size)]

    return draw


SOURCES: dict[str, tuple[Source, Callable[[random.Random, int], list[Any]]]] = {
    "alertmanager": (
        alertmanager.source(),
        payloads_of("alertmanager", lambda: alertmanager.render(WEEK)),
    ),
    "grafana": (grafana.source(), payloads_of("grafana", lambda: grafana.render(WEEK))),
    "prometheus": (prometheus.source(), payloads_of("prometheus", lambda: prometheus.render(WEEK[:15], HOURS))),
    "pagerduty": (
        pagerduty.source(),
        payloads_of("pagerduty", lambda: [*pagerduty.render(WEEK), *pagerduty.whole(WEEK)]),
    ),
    "opsgenie": (opsgenie.source(), payloads_of("opsgenie", lambda: opsgenie.render(WEEK))),
    "servicenow_table": (
        servicenow_table.source(),
        payloads_of("servicenow_table", lambda: servicenow_table.render(WEEK)),
    ),
    "servicenow": (servicenow.source(), rows_of(servicenow.render(WEEK))),
    "tabular": (TABULAR, rows_of(TICKETS)),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SOURCES)
def test_each_payload_is_used_or_set_aside_with_a_reason(name: str) -> None:
    source, draw = SOURCES[name]
    chance = random.Random(f"mutated {name}")
    n_left = 100_000 // len(SOURCES)
    with AlertStore.open() as store:
        while n_left:
            size = min(BATCH, n_left)
            payloads = draw(chance, size)
            n_left -= size
            is_table = isinstance(payloads[0], dict)
            report = store.ingest(pa.Table.from_pylist(payloads) if is_table else payloads, source=source)
            assert report.n_records == (size if is_table else sum(n_held(one, source) for one in payloads))
            assert report.n_read == report.n_new + report.n_updated + report.n_duplicate + report.n_quarantined
        history = store.history()
        rows = pa.table(history).to_pylist(maps_as_pydicts="strict")
        aside = history.quarantine().to_pylist()
    assert len(rows) > 100
    assert len(aside) > 1_000
    assert all(row["resolved_at"] is None or row["resolved_at"] >= row["fired_at"] for row in rows)
    assert {row["severity"] for row in rows} <= {*SEVERITIES, None}
    assert all(row["reason"] and row["line"] and row["original"] is not None for row in aside)


@pytest.mark.parametrize("name", SOURCES)
def test_what_is_used_and_what_is_set_aside_are_all(name: str) -> None:
    """Every payload is in one of the two or, sound, tells of nothing; told again in another order, nothing is new."""
    source, draw = SOURCES[name]
    payloads = draw(random.Random(f"again {name}"), 500)
    is_table = isinstance(payloads[0], dict)
    with AlertStore.open() as store:
        first = store.ingest(pa.Table.from_pylist(payloads) if is_table else payloads, source=source)
        aside = store.history().quarantine().to_pylist()
        again = store.ingest(pa.Table.from_pylist(payloads[::-1]) if is_table else payloads[::-1], source=source)
    assert (again.n_records, again.n_read, again.n_quarantined) == (first.n_records, first.n_read, first.n_quarantined)
    assert (again.n_new, again.n_updated) == (0, 0)
    assert {row["line"] for row in aside} <= set(range(1, first.n_records + 1))
    if isinstance(source, PayloadSource):
        # Not as Python objects: a time may lie in the year 10000.
        connection = connect()
        told = source.read(connection, payloads).rows.select("line, reason").fetchall()
        connection.close()
        assert all(0 < len(reason) <= 300 and reason.isprintable() for _, reason in told if reason is not None)
        lines = {line for line, _ in told}
        silent = [one.text for one in documents(payloads, source.envelope) if one.line not in lines]
        assert all(source.model.model_validate_json(one) for one in silent)
        assert len(silent) < 125


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["jsonl", "json", "csv"])
def test_a_damaged_file_is_read_or_refused_in_words(kind: str, tmp_path: Path) -> None:
    chance = random.Random(f"files {kind}")
    notifications = [json.dumps(one) for one in alertmanager.render(WEEK[:6])]
    if kind == "csv":
        content = "\n".join([",".join(TICKETS[0]), *(",".join(row.values()) for row in TICKETS)]).encode()
    else:
        content = ("\n".join(notifications) if kind == "jsonl" else f"[{','.join(notifications)}]").encode()
    source = TABULAR if kind == "csv" else Alertmanager()
    n_refused = 0
    with AlertStore.open() as store:
        for number in range(80):
            path = tmp_path / f"{number}.{kind}"
            path.write_bytes(damaged(chance, content))
            before, said = _content(store), None
            try:
                report = store.ingest(path, source=source)
            except AlertAnalyticsError as error:
                said = str(error)
            if said is None:
                assert report.n_read == report.n_new + report.n_updated + report.n_duplicate + report.n_quarantined
            else:
                n_refused += 1
                assert str(path) in said
                assert _content(store) == before
    assert 0 < n_refused < 80


def _content(store: AlertStore) -> tuple[int, int]:
    history = store.history()
    return history.n_alerts, len(history.quarantine())
