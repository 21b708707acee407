"""The counting behind the times to resolve: groups, clusters, durations and the watermark, row by row."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from alert_analytics.history import AlertHistory

START = datetime(2026, 3, 1, 22)
WATERMARK = START + timedelta(hours=10)

# tenant, service, rule, incident, fired after hours, resolved after hours
ROWS = [
    ("a", "db", "cpu", "i1", 0, 1),
    ("a", "db", "cpu", None, 1, None),
    ("a", "db", "disk", None, 1, 4),
    ("a", "db", "disk", None, 3, 12),
    ("a", None, "disk", None, 1, 1),
    ("a", None, "cpu", None, 1, 2),
    ("b", "db", "disk", "i1", 2, 3),
    ("a", "web", "cpu", "i1", 2, 3),
]


def history() -> AlertHistory:
    tenant, service, rule, incident, fired, resolved = zip(*ROWS, strict=True)
    return AlertHistory.open(
        pa.table(
            {
                "tenant_id": pa.array(tenant, pa.string()),
                "service": pa.array(service, pa.string()),
                "rule": pa.array(rule, pa.string()),
                "incident": pa.array(incident, pa.string()),
                "fired_at": pa.array([START + timedelta(hours=h) for h in fired], pa.timestamp("us")),
                "resolved_at": pa.array(
                    [None if h is None else START + timedelta(hours=h) for h in resolved], pa.timestamp("us")
                ),
            }
        )
    )


def read(by: list[str], cluster: list[str]) -> list[dict[str, Any]]:
    """A row per alert, its hash looked up."""
    keys, params = {"series": by, "cluster": cluster}, {"watermark": WATERMARK, "salt": 7}
    listed = history().ask("resolution_clusters", keys=keys, params=params).arrow().to_pylist()
    known = {row["known"]: row for row in listed}
    return [
        known[row["known"]] | row for row in history().ask("resolution", keys=keys, params=params).arrow().to_pylist()
    ]


def asked(by: list[str], cluster: list[str]) -> list[dict[str, Any]]:
    found = read(by, cluster)
    # The rows come in any order; tell them apart by what they say.
    return sorted(found, key=lambda row: (row["group_code"], row["duration_us"], row["resolved"]))


def test_durations_end_at_resolution_or_at_the_watermark() -> None:
    hours = [(row["duration_us"] / 3.6e9, row["resolved"]) for row in asked([], [])]
    # Resolved at hour 12, after the watermark at 10: still open for 7 hours when last seen.
    assert hours == [(0, True), *[(1, True)] * 4, (3, True), (7, False), (9, False)]


def test_groups_are_numbered_in_the_order_of_their_names() -> None:
    listed = history().ask("resolution_groups", keys={"series": ["service", "tenant_id"]}).arrow()["series"]
    assert listed.to_pylist() == [["db", "a"], ["db", "b"], ["web", "a"], [None, "a"]]
    found = asked(["service", "tenant_id"], [])
    assert [row["group_code"] for row in found] == [0, 0, 0, 0, 1, 2, 3, 3]


def clusters(by_cluster: list[str]) -> list[list[str]]:
    """Rules, services and hours that share a cluster."""
    together: dict[tuple[int, int], list[str]] = {}
    for row in read(["tenant_id", "service", "rule", "fired_at"], by_cluster):
        tenant, service, rule, fired = row["series"]
        name = f"{tenant} {service} {rule} {datetime.fromisoformat(fired).hour}"
        together.setdefault((row["origin_code"], row["day"]), []).append(name)
    return sorted(sorted(one) for one in together.values())


def test_without_incidents_a_service_and_day_is_a_cluster() -> None:
    # Midnight falls two hours after the start; without a service the rule stands for it; tenants stay apart.
    assert clusters([]) == [
        ["a None cpu 23"],
        ["a None disk 23"],
        ["a db cpu 22", "a db cpu 23", "a db disk 23"],
        ["a db disk 1"],
        ["a web cpu 0"],
        ["b db disk 0"],
    ]


def test_an_incident_is_a_cluster_across_services_and_days_but_not_tenants() -> None:
    assert clusters(["incident"]) == [
        ["a None cpu 23"],
        ["a None disk 23"],
        ["a db cpu 22", "a web cpu 0"],
        ["a db cpu 23", "a db disk 23"],
        ["a db disk 1"],
        ["b db disk 0"],
    ]


@pytest.mark.parametrize("by", [[], ["rule"]])
def test_every_alert_is_counted_once(by: list[str]) -> None:
    assert len(asked(by, ["incident"])) == len(ROWS)
