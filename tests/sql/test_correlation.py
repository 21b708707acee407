from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa

from alert_analytics.analytics.correlation_firings import asked
from alert_analytics.history import AlertHistory

START = datetime(2026, 3, 1)


def history(rows: list[tuple[str, str | None, str | None, int]]) -> AlertHistory:
    tenant, team, service, second = zip(*rows, strict=True)
    return AlertHistory.open(
        pa.table(
            {
                "tenant_id": pa.array(tenant, pa.string()),
                "team": pa.array(team, pa.string()),
                "service": pa.array(service, pa.string()),
                "fired_at": pa.array([START + timedelta(seconds=s) for s in second], pa.timestamp("us")),
            }
        )
    )


ROWS: list[tuple[str, str | None, str | None, int]] = [
    ("b", "disk", "web", 5),
    ("a", "disk", "db", 30),
    ("a", "cpu", "db", 20),
    ("a", None, "db", 21),
    ("a", "Disk", None, 10),
    ("b", "cpu", "web", 1),
]


def codes(rows: list[tuple[str, str | None, str | None, int]], scope: list[str]) -> list[tuple[int, int, float]]:
    found = asked(history(rows), "team", scope, timedelta(minutes=5)).firings
    assert [str(column.dtype) for column in (found.scope, found.item, found.time_us)] == ["int32", "int32", "int64"]
    epoch_s = (START - datetime(1970, 1, 1)).total_seconds()
    columns = (found.scope.tolist(), found.item.tolist(), (found.time_us / 1e6 - epoch_s).tolist())
    return sorted(zip(*columns, strict=True))


def test_codes_follow_names() -> None:
    # Items in order: Disk 0, cpu 1, disk 2. Scopes: a 0, b 1. The alert without a team is left out.
    assert codes(ROWS, ["tenant_id"]) == [(0, 0, 10), (0, 1, 20), (0, 2, 30), (1, 1, 1), (1, 2, 5)]
    assert codes(ROWS[::-1], ["tenant_id"]) == codes(ROWS, ["tenant_id"])


def test_an_alert_without_its_within_is_left_out() -> None:
    assert codes(ROWS, ["tenant_id", "service"]) == [(0, 0, 20), (0, 1, 30), (1, 0, 1), (1, 1, 5)]


def test_items_are_listed_in_the_order_of_their_codes() -> None:
    def listed(*scope: str) -> list[dict[str, object]]:
        return asked(history(ROWS), "team", scope, timedelta(minutes=5)).items.to_pylist()

    assert listed("tenant_id") == [
        {"item": "Disk", "n_alerts": 1},
        {"item": "cpu", "n_alerts": 2},
        {"item": "disk", "n_alerts": 2},
    ]
    assert listed("tenant_id", "service") == [{"item": "cpu", "n_alerts": 2}, {"item": "disk", "n_alerts": 2}]


def test_many_items_keep_the_order_of_their_codes() -> None:
    rows: list[tuple[str, str | None, str | None, int]] = [
        (f"tenant {i % 7}", f"team {i * 37 % 400:03}", "db", i) for i in range(2_800)
    ]
    found = asked(history(rows), "team", ["tenant_id"], timedelta(minutes=5))
    names = found.items["item"].to_pylist()
    assert names == sorted(names)
    seen = {name: sum(row[1] == name for row in rows) for name in names}
    assert dict(zip(names, found.items["n_alerts"].to_pylist(), strict=True)) == seen
    assert np.bincount(found.firings.item).tolist() == list(seen.values())


def test_what_is_not_known_has_a_hash_and_no_codes() -> None:
    keys = {"item": ["team"], "scope": ["tenant_id", "service"]}
    rows = history(ROWS).ask("correlation_codes", keys=keys, params={"salt": 0}).arrow().to_pylist()
    assert [(row["item"], row["scope"], row["item_code"], row["scope_code"], row["n_alerts"]) for row in rows] == [
        ("cpu", ["a", "db"], 0, 0, 1),
        ("cpu", ["b", "web"], 0, 1, 1),
        ("disk", ["a", "db"], 1, 0, 1),
        ("disk", ["b", "web"], 1, 1, 1),
        (None, None, None, None, 1),
        (None, None, None, None, 1),
    ]
    told = history(ROWS).ask("correlation", keys=keys, params={"salt": 0}).arrow()["known"].to_pylist()
    assert sorted(told) == sorted(row["known"] for row in rows)
    assert set(told) - set(
        history(ROWS).ask("correlation", keys=keys, params={"salt": 1}).arrow()["known"].to_pylist()
    ) == set(told)


def test_an_empty_history_has_no_row() -> None:
    empty = history(ROWS).where({"team": ["nothing"]})
    keys = {"item": ["team"], "scope": ["tenant_id"]}
    assert empty.ask("correlation_codes", keys=keys, params={"salt": 0}).arrow().num_rows == 0
    assert asked(empty, "team", ["tenant_id"], timedelta(minutes=5)).firings.item.size == 0
