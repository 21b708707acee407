"""Spoilt payloads: no crash and no hang; each is used or set aside with a reason, and the counts add up."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from alert_analytics.history import AlertStore
from tests.renderers import alertmanager, grafana, prometheus, story
from tests.renderers.mutations import mutated
from tests.staging import staged

ALERTS = story.alerts()[:40]
HOURS = [story.START + timedelta(hours=hour) for hour in range(0, 30, 2)]
FORMATS: dict[str, tuple[Any, list[Any]]] = {
    "alertmanager": (alertmanager.source(), alertmanager.render(ALERTS)),
    "grafana": (grafana.source(), grafana.render(ALERTS)),
    "prometheus": (prometheus.source(), prometheus.render(ALERTS, HOURS)),
}
ALL = 100_000
STORED = 2_000  # of each part; a store judges what a source has staged, and takes longer


def hold(name: str, many: int, seed: int) -> None:
    source, payloads = FORMATS[name]
    spoilt = list(mutated(payloads, many, seed))
    found = staged(source, spoilt)
    assert found.n_records == many
    assert all(0 < len(reason) <= 300 and reason.isprintable() for _, reason, _ in found.refused)
    told = {event["line"] for event in found.events} | {line for line, *_ in found.refused}
    silent = [json.loads(raw) for line, raw in enumerate(spoilt, start=1) if line not in told]
    assert all(source.model.model_validate_json(json.dumps(one)) for one in silent)  # sound, and tells of nothing
    assert len(silent) < many / 4
    with AlertStore.open() as store:
        report = store.ingest(spoilt[:STORED], source=source)
        assert report.n_records == min(many, STORED)
        assert report.n_read == report.n_new + report.n_updated + report.n_duplicate + report.n_quarantined
        assert report.n_quarantined >= sum(line <= STORED for line, *_ in found.refused)
        again = store.ingest(spoilt[:STORED][::-1], source=source)
        assert (again.n_new, again.n_updated) == (0, 0)


@pytest.mark.parametrize("name", FORMATS)
def test_spoilt_payloads_are_used_or_set_aside(name: str) -> None:
    hold(name, many=1_000, seed=0)


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("part", range(5))
def test_a_hundred_thousand_spoilt_payloads_are_used_or_set_aside(name: str, part: int) -> None:
    hold(name, many=ALL // 5 // len(FORMATS) + 1, seed=1 + part)
