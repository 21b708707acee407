"""ServiceNow's event log: hand-made logs with the exact alerts, and the figures of the real one."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from alert_analytics.analytics import ResolutionAnalysis
from alert_analytics.errors import QueryError, SourceError
from alert_analytics.history import AlertHistory, AlertStore
from alert_analytics.sources import ServiceNow
from alert_analytics.sources.servicenow import NEEDED

DAY = datetime(2026, 3, 1)


def at(hours: float) -> datetime:
    return DAY + timedelta(hours=hours)


def written(hours: float) -> str:
    time = at(hours)
    return f"{time.day}/{time.month}/{time.year} {time:%H:%M}"  # the log pads hours, not days


def row(state: str, updated: float, *, number: str = "INC1", change: int = 0, **columns: str) -> dict[str, str]:
    given = {
        "number": number,
        "incident_state": state,
        "sys_updated_at": written(updated),
        "opened_at": written(0),
        "sys_mod_count": str(change),
        "reassignment_count": "0",
        "reopen_count": "0",
    }
    return {**dict.fromkeys(NEEDED, "?"), **given, "closed_at": written(99), **columns}


def ingested(*rows: dict[str, str]) -> AlertHistory:
    store = AlertStore.open()
    report = store.ingest(pl.DataFrame(list(rows)), source="servicenow")
    assert report.n_records == len(rows)
    return store.history()


def only(*rows: dict[str, str]) -> dict[str, Any]:
    [alert] = ingested(*rows).to_arrow().to_pylist()
    return dict(alert)


def test_every_column() -> None:
    alert = only(
        row("New", 1),
        row(
            "Active", 2, change=1, category="Category 55", cmdb_ci="db", assignment_group="Group 1", assigned_to="ann",
            priority="2 - High", reassignment_count="3", reopen_count="1", subcategory="Sub", u_symptom="Slow",
            location="Rome", contact_type="Phone", impact="2 - Medium", urgency="1 - High",
        ),
    )  # fmt: skip
    labels = dict(alert.pop("labels"))
    assert labels == {
        "subcategory": "Sub", "symptom": "Slow", "location": "Rome", "contact_type": "Phone", "impact": "2 - Medium",
        "urgency": "1 - High",
    }  # fmt: skip
    told = {key: value for key, value in alert.items() if key not in {"alert_id", "ingested_at"} and value is not None}
    assert told == {
        "tenant_id": "default", "source": "servicenow", "fingerprint": "INC1", "rule": "Category 55", "service": "db",
        "team": "Group 1", "severity": "high", "status": "acknowledged", "fired_at": at(0), "acknowledged_at": at(2),
        "observed_at": at(2), "occurrences": 1, "reassignments": 3, "reopens": 1, "assignee": "ann",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "resolved"),
    [
        ([("New", 1, "?"), ("Active", 2, "?")], None),
        ([("New", 1, 4), ("Resolved", 5, 4), ("Closed", 9, 4)], 4),
        # never an end: the row that entered the current run of Resolved and Closed
        ([("New", 1, "?"), ("Resolved", 5, "?"), ("Closed", 9, "?")], 5),
        ([("New", 1, "?"), ("Closed", 9, "?")], 9),
        ([("Resolved", 2, "?"), ("Active", 3, "?"), ("Resolved", 6, "?"), ("Closed", 9, "?")], 6),
        ([("Resolved", 2, "?"), ("Active", 3, "?"), ("New", 4, "?"), ("Resolved", 6, "?")], 6),
        ([("Resolved", 2, 2), ("Active", 3, 8), ("Resolved", 9, 8)], 8),
        # reopened, and not yet resolved again: the end on the row is the old one, or a later one
        ([("Resolved", 2, 2), ("Active", 3, 2)], None),
        ([("Resolved", 2, 7), ("Closed", 3, 7), ("Awaiting Vendor", 4, 7)], None),
    ],
)
def test_ends(rows: list[tuple[str, float, Any]], resolved: float | None) -> None:
    log = [
        row(state, hour, change=i, resolved_at=end if end == "?" else written(end))
        for i, (state, hour, end) in enumerate(rows)
    ]
    for order in (log, log[::-1]):
        alert = only(*order)
        assert alert["resolved_at"] == (None if resolved is None else at(resolved))
        assert alert["status"] == ("resolved" if resolved is not None else alert["status"])
        assert alert["observed_at"] == at(rows[-1][1])


def test_rows_of_one_minute_are_ordered_by_their_change_and_then_by_themselves() -> None:
    log = [row("Resolved", 5, change=1), row("Active", 5, change=2, assigned_to="ann")]
    assert [only(*order)["status"] for order in (log, log[::-1])] == ["acknowledged"] * 2
    ties = [row("Active", 5, assigned_to="ann"), row("Active", 5, assigned_to="bob"), row("Resolved", 5)]
    for size in (2, 3):
        assert only(*ties[:size]) | {"ingested_at": 0} == only(*ties[:size][::-1]) | {"ingested_at": 0}
    assert only(*ties)["resolved_at"] == at(5)


def test_acknowledged_is_the_first_active_row_after_opening() -> None:
    log = [row("Active", -1), row("New", 1), row("In Progress", 3), row("Active", 4)]
    assert only(*log)["acknowledged_at"] == at(3)
    assert only(row("New", 1), row("Awaiting Vendor", 2))["acknowledged_at"] is None


@pytest.mark.parametrize(
    ("priority", "severity"),
    [("1 - Critical", "critical"), ("2 - High", "high"), ("3 - Moderate", "medium"), ("4 - Low", "low"),
     ("5 - Planning", "info"), ("?", None)],
)  # fmt: skip
def test_priorities(priority: str, severity: str | None) -> None:
    assert only(row("New", 1, priority=priority))["severity"] == severity


def test_cancelled() -> None:
    alert = only(row("New", 1), row("Canceled", 2))
    assert (alert["status"], alert["resolution"], alert["resolved_at"]) == ("resolved", "cancelled", at(2))


def test_what_is_set_aside() -> None:
    history = ingested(
        row("New", 1),
        row("-100", 2, change=1),
        row("New", 1, number="?"),
        row("New", 1, number="INC2", sys_updated_at="yesterday"),
        row("New", 1, number="INC3", opened_at="?"),
        row("Resolved", 1, number="INC4", resolved_at="soon"),
        row("New", 1, number="INC5", priority="urgent"),
        row("Resolved", 5, number="INC6", resolved_at=written(-1)),
    )
    assert history.to_arrow()["fingerprint"].to_pylist() == ["INC1"]
    assert sorted(
        (line, reason) for _, _, line, reason, _ in history.quarantine().to_pandas().itertuples(index=False)
    ) == [
        (2, "unknown incident_state '-100'"),
        (3, "no number"),
        (4, "sys_updated_at is no time of the expected format"),
        (5, "opened_at is no time of the expected format"),
        (6, "resolved_at is no time of the expected format"),
        (7, "unknown severity 'urgent'"),
        (8, "resolved_at precedes fired_at"),
    ]
    assert (
        '"incident_state":"-100"'
        in history.quarantine()["original"].to_pylist()[1] + history.quarantine()["original"].to_pylist()[0]
    )


@pytest.mark.parametrize("state", ["New", "Active", "Resolved"])
@pytest.mark.parametrize("column", ["opened_at", "sys_updated_at"])
def test_a_refused_record_keeps_its_text_whichever_of_its_events_is_refused(state: str, column: str) -> None:
    [aside] = ingested(row(state, 1, **{column: "31/12/9999 23:59"})).quarantine().to_pylist()
    assert aside["reason"].endswith("lies in the future")
    assert '"31/12/9999 23:59"' in aside["original"]


def test_a_csv_and_another_format(tmp_path: Path) -> None:
    log = [row("New", 1, opened_at="2026-03-01 00:00", sys_updated_at="2026-03-01 01:00"), row("-1", 1)]
    pl.DataFrame(log).write_csv(tmp_path / "log.csv")
    with AlertStore.open() as store:
        report = store.ingest(tmp_path / "log.csv", source=ServiceNow(timestamp_format="%Y-%m-%d %H:%M"))
        assert (report.n_records, report.n_new, report.n_quarantined) == (2, 1, 1)
        assert store.history().quarantine()["line"].to_pylist() == [3]


def test_what_is_no_log(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("number,opened_at\nINC1,x\n", encoding="utf-8")
    with AlertStore.open() as store:
        with pytest.raises(SourceError, match=r"a\.csv is no ServiceNow event log: it has no incident_state, "):
            store.ingest(tmp_path / "a.csv", source="servicenow")
        with pytest.raises(QueryError, match="%Q"):
            store.ingest(pl.DataFrame([row("New", 1)]), source=ServiceNow(timestamp_format="%Q"))


# -- the real log -------------------------------------------------------------------------------------------------

CUT = datetime(2016, 4, 1)
UPDATED = pl.col("sys_updated_at").str.to_datetime("%d/%m/%Y %H:%M")


@pytest.fixture(scope="module")
def log(shared_data: Path) -> pl.DataFrame:
    return pl.read_csv(shared_data / "servicenow_incident_log" / "incident_event_log.csv.gz", infer_schema=False)


def figures(log: pl.DataFrame) -> tuple[int, float, float, float]:
    """Incidents, open share, and the resolved-only and the Kaplan-Meier median in hours, as of the cut."""
    with AlertStore.open() as store:
        store.ingest(log, source="servicenow")
        [row] = ResolutionAnalysis.from_alerts(store.history().as_of(CUT), cluster=None).table.to_pylist()
    return (
        row["n_alerts"], row["n_open"] / row["n_alerts"], row["resolved_only_median_s"] / 3600, row["median_s"] / 3600,
    )  # fmt: skip


def later_truth(log: pl.DataFrame) -> float:
    """The median in hours, known by the end of the log, of the incidents that the cut log has seen."""
    seen = log.filter(UPDATED < CUT)["number"].unique().to_list()
    with AlertStore.open() as store:
        store.ingest(log, source="servicenow")
        alerts = store.history().where({"fingerprint": seen}).to_polars()
    lasted = (alerts["resolved_at"] - alerts["fired_at"]).dt.total_seconds() / 3600
    assert lasted.null_count() == 0
    return float(lasted.median())  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.parametrize("cut_first", [False, True])
def test_the_real_log_as_of_the_first_of_april(log: pl.DataFrame, cut_first: bool) -> None:
    # As of the cut the whole log gives what the log gave that had been written by then.
    n, share, resolved_only, median = figures(log.filter(UPDATED < CUT) if cut_first else log)
    assert n == 9202
    assert share == pytest.approx(0.164, rel=0.005)
    assert resolved_only == pytest.approx(26.38, rel=0.005)
    assert median == pytest.approx(49.75, rel=0.005)
    assert later_truth(log) == pytest.approx(49.58, rel=0.005)


@pytest.mark.slow
def test_the_real_log_without_the_numbers_that_never_have_an_end(log: pl.DataFrame) -> None:
    ended = log.filter((pl.col("resolved_at") != "?").any().over("number"))
    n, share, resolved_only, median = figures(ended)
    assert n == 8419
    assert share == pytest.approx(0.179, rel=0.005)
    assert resolved_only == pytest.approx(43.63, rel=0.005)
    assert median == pytest.approx(70.07, rel=0.005)
    assert later_truth(ended) == pytest.approx(70.43, rel=0.005)


@pytest.mark.slow
def test_the_real_log_in_another_order(log: pl.DataFrame) -> None:
    order = list(range(log.height))
    random.Random(0).shuffle(order)
    kept = []
    for rows in (log, log[order]):
        with AlertStore.open() as store:
            report = store.ingest(rows, source="servicenow")
            assert (report.n_read, report.n_new, report.n_quarantined) == (24_923, 24_918, 5)
            assert store.history().quarantine()["reason"].unique().to_pylist() == ["unknown incident_state '-100'"]
            kept.append(store.history().to_arrow().drop_columns("ingested_at"))
    assert kept[0].equals(kept[1])
