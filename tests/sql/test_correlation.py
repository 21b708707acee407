from __future__ import annotations

from datetime import datetime, timedelta

import pyarrow as pa

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
    answer = history(rows).ask("correlation", keys={"item": ["team"], "scope": scope}).numpy()
    assert [str(column.dtype) for column in answer.values()] == ["int32", "int32", "int64"]
    epoch_s = (START - datetime(1970, 1, 1)).total_seconds()
    columns = (
        answer["scope_code"].tolist(),
        answer["item_code"].tolist(),
        (answer["time_us"] / 1e6 - epoch_s).tolist(),
    )
    return sorted(zip(*columns, strict=True))


def test_codes_follow_names() -> None:
    # Items in order: Disk 0, cpu 1, disk 2. Scopes: a 0, b 1. The alert without a team is left out.
    assert codes(ROWS, ["tenant_id"]) == [(0, 0, 10), (0, 1, 20), (0, 2, 30), (1, 1, 1), (1, 2, 5)]
    assert codes(ROWS[::-1], ["tenant_id"]) == codes(ROWS, ["tenant_id"])


def test_an_alert_without_its_within_is_left_out() -> None:
    assert codes(ROWS, ["tenant_id", "service"]) == [(0, 0, 20), (0, 1, 30), (1, 0, 1), (1, 1, 5)]


def test_items_are_listed_in_the_order_of_their_codes() -> None:
    keys = {"item": ["team"], "scope": ["tenant_id"]}
    assert history(ROWS).ask("correlation_items", keys=keys).arrow().to_pylist() == [
        {"item": "Disk", "n_alerts": 1},
        {"item": "cpu", "n_alerts": 2},
        {"item": "disk", "n_alerts": 2},
        {"item": None, "n_alerts": 1},
    ]
    keys["scope"] = ["tenant_id", "service"]
    assert history(ROWS).ask("correlation_items", keys=keys).arrow().to_pylist() == [
        {"item": "cpu", "n_alerts": 2},
        {"item": "disk", "n_alerts": 2},
        {"item": None, "n_alerts": 2},
    ]


def test_an_empty_history_has_no_row() -> None:
    empty = history(ROWS).where({"team": ["nothing"]})
    keys = {"item": ["team"], "scope": ["tenant_id"]}
    assert empty.ask("correlation_items", keys=keys).arrow().num_rows == 0
    assert {name: column.size for name, column in empty.ask("correlation", keys=keys).numpy().items()} == {
        "scope_code": 0,
        "item_code": 0,
        "time_us": 0,
    }
