"""A store, the sources that read what is pulled, and a pull whose clock stands still and never sleeps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest

from alert_analytics import sources
from alert_analytics.history import AlertStore
from alert_analytics.pulls import Limits, PullReport, pull
from tests.servers.opsgenie import KEY
from tests.servers.pagerduty import TOKEN
from tests.servers.replay import NOW, App, Server, serving
from tests.servers.servicenow import PASSWORD, USER

SECRETS = {
    "PAGERDUTY_TOKEN": TOKEN,
    "OPSGENIE_API_KEY": KEY,
    "SERVICENOW_USER": USER,
    "SERVICENOW_PASSWORD": PASSWORD,
}


READERS = {
    "alertmanager": sources.AlertmanagerPoll(),
    "opsgenie": sources.Opsgenie(),
    "pagerduty": sources.PagerDuty(),
    "prometheus": sources.Prometheus(),
    "servicenow": sources.ServiceNowTable(),
    "servicenow_table": sources.ServiceNowTable(),
}
"""By name: entry points are known only where the package is installed anew."""


@dataclass
class Puller:
    """Pulls into one store, with secrets that the test may change; keeps the waits instead of waiting."""

    store: AlertStore
    environment: dict[str, str] = field(default_factory=lambda: dict(SECRETS))
    waits: list[float] = field(default_factory=list)
    now: datetime = NOW
    limits: Limits = field(default_factory=Limits)

    def __call__(self, url: str, **given: Any) -> PullReport:
        source = given["source"]
        reads = READERS.get(source if isinstance(source, str) else source.name)
        options = {"reads": reads, "limits": self.limits, "environment": self.environment} | given
        return pull(self.store, url, sleep=self.waits.append, clock=lambda: self.now, **options)

    @property
    def alerts(self) -> list[dict[str, Any]]:
        return alerts_in(self.store)


def alerts_in(store: AlertStore) -> list[dict[str, Any]]:
    """Everything in a store but when it came."""
    rows = store.history().to_arrow().drop_columns(["ingested_at"]).to_pylist()
    return sorted(rows, key=lambda row: str(row["alert_id"]))


@pytest.fixture
def puller() -> Iterator[Callable[[], Puller]]:
    """Make a puller with a store of its own in memory."""
    with ExitStack() as stack:
        yield lambda: Puller(stack.enter_context(AlertStore.open(":memory:")))


@pytest.fixture
def serve() -> Iterator[Callable[[App], Server]]:
    """Serve a replayed system for the length of a test."""
    with ExitStack() as stack:
        yield lambda app: stack.enter_context(serving(app))
