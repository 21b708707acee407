"""One week of outages, told in each format: the same timeline from every one, up to what the format cannot say."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from itertools import pairwise
from types import ModuleType
from typing import Any

import pytest

from alert_analytics.history import AlertStore
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

pytestmark = pytest.mark.slow  # `make check` has its minutes for the rest

FORMATS: dict[str, ModuleType] = {
    form.__name__.rpartition(".")[2]: form
    for form in (alertmanager, grafana, opsgenie, pagerduty, prometheus, servicenow, servicenow_table)
}


def timeline(batches: Sequence[Any], form: ModuleType) -> list[dict[str, Any]]:
    """What a store holds after it has ingested the batches, in the columns that the format can say."""
    with AlertStore.open() as store:
        for batch in batches:
            if form is servicenow:  # a log is a table
                batch = servicenow.table(batch)
            report = store.ingest(batch, source=form.source())
            counted = report.n_new + report.n_updated + report.n_duplicate + report.n_quarantined
            assert (report.n_read, report.n_quarantined) == (counted, 0)
        assert report.n_waiting == 0
        rows = store.history().to_arrow().to_pylist(maps_as_pydicts="strict")
        assert store.history().quarantine().num_rows == 0
    return story.comparable(rows, form.CANNOT_SAY)


def test_the_story_has_everything_that_makes_folding_hard() -> None:
    alerts = story.alerts()
    by_condition: dict[story.Condition, list[story.TrueAlert]] = {}
    for one in alerts:
        by_condition.setdefault(one.condition, []).append(one)
    pairs = [pair for mine in by_condition.values() for pair in pairwise(mine)]
    assert 250 < len(alerts) < 400
    assert sum(one.resolved_at is None for one in alerts) >= 10
    assert sum(len(one.refires) > 1 for one in alerts) >= 20
    assert sum(one.acknowledged_at is not None for one in alerts) >= 100
    assert all(before.resolved_at and before.resolved_at < after.fired_at for before, after in pairs)
    assert (
        sum(after.fired_at - before.resolved_at == story.MINUTE for before, after in pairs if before.resolved_at) > 20
    )
    assert sum(len({one.fired_at for one in mine}) != len(mine) for mine in by_condition.values()) == 0
    assert alerts == story.alerts.__wrapped__()


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_says_all_but_what_it_cannot(name: str) -> None:
    form = FORMATS[name]
    assert set(form.CANNOT_SAY) < set(story.COLUMNS)
    assert all(form.CANNOT_SAY.values())
    expected = story.told(story.alerts(), form.CANNOT_SAY)
    assert timeline([form.render(story.alerts())], form) == expected


@pytest.mark.parametrize("name", FORMATS)
def test_duplicates_order_and_batches_change_nothing(name: str, tmp_path: Any) -> None:
    form, chance = FORMATS[name], random.Random(1)
    payloads = form.render(story.alerts())
    payloads += chance.sample(payloads, len(payloads) // 2)
    chance.shuffle(payloads)
    cuts = sorted(chance.sample(range(1, len(payloads)), min(6, len(payloads) - 1)))
    batches: list[Any] = [payloads[a:b] for a, b in zip([0, *cuts], [*cuts, None], strict=True)]
    if form is not servicenow:
        path = tmp_path / "batch.jsonl"
        path.write_text("".join(json.dumps(one) + "\n" for one in batches[0]), encoding="utf-8")
        batches[0] = path
    assert timeline(batches, form) == story.told(story.alerts(), form.CANNOT_SAY)


def test_ranges_that_meet_count_no_occurrence_of_their_own() -> None:
    with AlertStore.open() as store:
        store.ingest(prometheus.render(story.alerts()), source=prometheus.source())
        assert set(store.history().to_polars()["occurrences"]) == {1}
        assert store.history().n_alerts == len(story.alerts())
