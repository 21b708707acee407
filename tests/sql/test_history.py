"""The queries of a history, each on a few hand-made rows with the exact answer."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from alert_analytics.history import AlertHistory, AlertStore

DAY = datetime(2024, 3, 2)


def at(hours: float) -> datetime:
    return DAY + timedelta(hours=hours)


def ask(query: str, columns: dict[str, Any], **params: object) -> list[dict[str, Any]]:
    """The rows of a query over a table of alerts (two canonical columns or more)."""
    history = AlertHistory.open(pa.table(columns))
    assert history.quarantine().num_rows == 0
    return list(history.ask(query, package="alert_analytics.history", params=params).arrow().to_pylist())


def test_extent() -> None:
    rows = {
        "fired_at": [at(1), at(0), at(2)],
        "acknowledged_at": [at(7), None, None],
        "resolved_at": pa.array([None, at(3), None], pa.timestamp("us")),
        "observed_at": [at(1), at(4), at(2)],
    }
    assert ask("extent", rows) == [{"n_alerts": 3, "first_fired_at": at(0), "last_observed": at(7)}]
    nothing = {name: pa.array([], pa.timestamp("us")) for name in rows}
    assert ask("extent", nothing) == [{"n_alerts": 0, "first_fired_at": None, "last_observed": None}]


def test_labels() -> None:
    labels = ['{"b": "1", "A": "2"}', '{"b": "3"}', "{}", None]
    assert ask("labels", {"fired_at": [DAY] * 4, "labels": labels}) == [{"label": "A"}, {"label": "b"}]


def test_describe() -> None:
    [row] = ask(
        "describe",
        {
            "fired_at": [at(0), at(1), at(1.5), at(24)],
            "acknowledged_at": pa.array([at(1), None, None, None], pa.timestamp("us")),
            "resolved_at": [at(5), at(1), None, None],
            "rule": ["a", None, "b", None],
            "tenant_id": ["x", "x", "y", "y"],
            "source": ["s", "s", "s", "t"],
        },
    )
    assert row == {
        "n_alerts": 4, "n_open": 2, "n_acknowledged": 1, "n_instant": 1, "n_at_midnight": 2, "n_on_the_hour": 3,
        "n_unknown_rule": 2, "n_tenants": 2, "n_sources": 2,
    }  # fmt: skip


def test_columns() -> None:
    rows = ask("columns", {"fired_at": [DAY] * 4, "service": ["a", "a", "b", None], "severity": [None] * 4})
    assert [row["column"] for row in rows] == [
        "rule", "service", "team", "severity", "status", "resolution", "assignee",
    ]  # fmt: skip
    told = {row.pop("column"): tuple(row.values()) for row in rows}
    assert told["service"] == (0.25, 2, "a", 0.5)
    assert told["severity"] == (1.0, 0, None, None)
    assert told["status"] == (0.0, 1, "firing", 1.0)


def test_columns_of_an_empty_history() -> None:
    assert ask("columns", {"fired_at": pa.array([], pa.timestamp("us"))}) == []


def test_gaps() -> None:
    # Every hour for 150 hours, then 30 hours of silence, then once more; and a gap of 23 hours, which is no day.
    hours = [*range(60), *range(83, 173), 203]
    assert ask("gaps", {"fired_at": [at(hour + 0.5) for hour in hours]}) == []
    hours[-1] = 320
    [gap] = ask("gaps", {"fired_at": [at(hour + 0.5) for hour in hours]})
    assert gap == {"gap_start": at(173), "gap_end": at(320), "n_hours": 147.0}
    assert ask("gaps", {"fired_at": [DAY]}) == []


def test_a_gap_has_to_be_far_longer_than_usual() -> None:
    # Every second day at noon: 47 silent hours are usual, 5 x 47 are not.
    steady = [at(48 * day) for day in range(200)]
    assert ask("gaps", {"fired_at": steady}) == []
    assert ask("gaps", {"fired_at": [*steady, steady[-1] + timedelta(hours=235)]}) == []
    [gap] = ask("gaps", {"fired_at": [*steady, steady[-1] + timedelta(hours=236)]})
    assert (gap["gap_start"], gap["n_hours"]) == (steady[-1] + timedelta(hours=1), 235.0)


def test_repeats() -> None:
    rows = {"fired_at": [DAY, DAY, at(1)], "fingerprint": ["a", "a", "a"]}
    assert ask("repeats", rows) == [{"n_repeats": 1}]


@pytest.mark.parametrize(
    ("late", "end", "expected"),
    [
        ([50 * 24 + 1], 64, []),  # 14 days after the 50 dense ones: not longer than 14 days
        ([50 * 24 + 1], 64.1, [(50, 1)]),
        ([58 * 24 + 1, 59 * 24], 300, [(50, 2)]),
        ([58 * 24, 58 * 24 + 1], 300, [(59, None)]),  # two on a day are a quarter of the usual eight
        ([], 300, []),  # nothing after: a feed that stopped is a gap to the watermark, not a thin tail
    ],
)
def test_thinning(late: list[int], end: float, expected: list[tuple[int, int | None]]) -> None:
    dense = [24 * day + hour for day in range(50) for hour in range(8)]
    shown = ask("thinning", {"fired_at": [at(hours) for hours in dense + late]}, span_end=at(24 * end))
    found = [(row["thin_from"], row["n_after"]) for row in shown]
    assert found == [(at(24 * day), n) for day, n in expected if n is not None]


def test_a_thin_tail_is_long_beside_what_came_before() -> None:
    dense = [at(24 * day + hour) for day in range(100) for hour in range(8)]
    rows = {"fired_at": [*dense, at(24 * 100 + 1)]}
    assert ask("thinning", rows, span_end=at(24 * 120)) == []
    assert ask("thinning", rows, span_end=at(24 * 120.1)) == [{"thin_from": at(24 * 100), "n_after": 1}]


# -- canonical rows -----------------------------------------------------------------------------------------------


def test_canonical() -> None:
    """The given words and times decide what the missing ones are."""
    columns = {
        "fired_at": [at(0)] * 5,
        "acknowledged_at": pa.array([None, at(1), at(1), None, None], pa.timestamp("us")),
        "resolved_at": pa.array([None, None, at(2), None, None], pa.timestamp("us")),
        "status": [None, "firing", "firing", "suppressed", "acknowledged"],
        "observed_at": pa.array([None, None, None, at(9), None], pa.timestamp("us")),
        "message": list("abcde"),
    }
    rows = sorted(AlertHistory.open(pa.table(columns)).to_arrow().to_pylist(), key=lambda row: row["message"])
    assert [row["status"] for row in rows] == ["firing", "acknowledged", "resolved", "suppressed", "firing"]
    assert [row["observed_at"] for row in rows] == [at(0), at(1), at(2), at(9), at(0)]


def test_ids_hang_on_tenant_source_fingerprint_and_time() -> None:
    base = {"tenant_id": "x", "source": "s", "fingerprint": "f", "fired_at": DAY, "message": "m"}
    changed = [base, {**base, "message": "n"}] + [
        {**base, key: value}
        for key, value in [("tenant_id", "y"), ("source", "t"), ("fingerprint", "g"), ("fired_at", at(1))]
    ]
    table = pa.Table.from_pylist([{**row, "n": n} for n, row in enumerate(changed)])
    ids = {row["n"]: row["alert_id"] for row in AlertHistory.open(table).to_arrow().to_pylist()}
    assert ids[0] == ids[1]
    assert len({ids[n] for n in range(1, 6)}) == 5


def test_content() -> None:
    """Rows that agree in everything are told apart by their place among their like."""
    rows = AlertHistory.open(pa.table({"fired_at": [DAY] * 4, "service": ["a", "a", "b", "a"]})).to_arrow().to_pylist()
    content = {row["service"]: row["fingerprint"].partition("-")[0] for row in rows}
    assert content["a"] != content["b"]
    assert sorted(row["fingerprint"] for row in rows if row["service"] == "a") == [
        f"{content['a']}-{place}" for place in (1, 2, 3)
    ]
    with AlertStore.open() as store:
        store.ingest(pa.table({"fired_at": [DAY] * 4, "service": ["a", "a", "b", "a"]}))
        assert set(store.history().to_arrow()["fingerprint"].to_pylist()) == {row["fingerprint"] for row in rows}


def test_fingerprints_of_rows_without_one_do_not_hang_on_their_order() -> None:
    table = pa.table(
        {"fired_at": [DAY, DAY, at(1), DAY], "service": ["a", "a", "a", "b"], "value": [1.0, 1.0, 1.0, None]}
    )
    ids = [sorted(AlertHistory.open(t).to_arrow()["alert_id"].to_pylist()) for t in (table, table.take([3, 1, 2, 0]))]
    assert ids[0] == ids[1]
    assert len(set(ids[0])) == 4


# -- merging ------------------------------------------------------------------------------------------------------


def test_merge_counts_and_tables() -> None:
    def batch(**columns: list[Any]) -> pa.Table:
        return pa.table({"fired_at": [DAY] * len(columns["fingerprint"]), **columns})

    with AlertStore.open() as store:
        store.ingest(batch(fingerprint=["a", "b"], observed_at=[at(1), at(5)], message=["old", "old"]))
        [first] = set(store.history().to_arrow()["ingested_at"].to_pylist())
        report = store.ingest(
            batch(
                fingerprint=["a", "a", "b", "c", "c", "d"],
                observed_at=[at(2), at(3), at(4), at(1), at(1), at(1)],
                message=["later", "latest", "earlier", "x", "y", None],
                severity=["low", "low", "low", "low", "low", "?"],
            ),
            complete_until=at(7),
        )
        # a twice (one repeats the other), b seen earlier than known, c twice, d refused
        assert (report.n_new, report.n_updated, report.n_duplicate, report.n_quarantined) == (1, 1, 3, 1)
        kept = {row["fingerprint"]: row for row in store.history().to_arrow().to_pylist()}
        assert {key: row["message"] for key, row in kept.items()} == {"a": "latest", "b": "old", "c": "y"}
        assert kept["b"]["ingested_at"] == first
        assert kept["a"]["ingested_at"] == kept["c"]["ingested_at"] > first
        log = store.history().sql("SELECT tenant_id, source, complete_until, n_read FROM store.ingests ORDER BY n_read")
        assert log.rows() == [("default", "table", None, 2), ("default", "table", at(7), 6)]


def test_merge_log_speaks_of_the_tenants_in_the_batch() -> None:
    data = pa.table({"tenant_id": ["x", "x", "y", "z"], "fired_at": [DAY] * 4, "severity": ["low", "low", "low", "?"]})
    with AlertStore.open() as store:
        for batch in (data, data.slice(0, 0)):
            store.ingest(batch, complete_until=at(7))
        log = store.history().sql("SELECT tenant_id, complete_until, n_read FROM store.ingests ORDER BY tenant_id")
    assert log.rows() == [("x", at(7), 2), ("y", at(7), 1), ("z", None, 1), (None, at(7), 0)]


def test_merge_quarantine_keeps_equal_rows_once_an_input() -> None:
    bad = pa.table({"fired_at": [DAY, DAY, DAY], "severity": ["?", "?", "!"]})
    with AlertStore.open() as store:
        for data in (bad, bad, bad.slice(0, 1), pa.concat_tables([bad, bad.slice(0, 1)])):
            store.ingest(data)
        shown = store.history().sql("SELECT reason, count(*) FROM store.quarantine GROUP BY ALL ORDER BY ALL")
        assert shown.rows() == [("unknown severity '!'", 1), ("unknown severity '?'", 3)]


@pytest.mark.parametrize("columns", [{"alert_id": ["given"]}, {"alert_id": [None]}])
def test_an_id_that_is_given_stays(columns: dict[str, Any]) -> None:
    [row] = AlertHistory.open(pa.table({"fired_at": [DAY], "fingerprint": ["a"], **columns})).to_arrow().to_pylist()
    assert (row["alert_id"] == "given") == (columns["alert_id"] == ["given"])
    assert len(row["alert_id"]) in {5, 32}


def test_a_reason_does_not_quote_a_book() -> None:
    history = AlertHistory.open(pa.table({"fired_at": [DAY], "severity": ["x" * 70_000]}))
    [reason] = history.quarantine()["reason"].to_pylist()
    assert len(reason) == 300
    assert reason.startswith("unknown severity 'xxx")
    assert reason.endswith("x…")
