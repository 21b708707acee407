"""A cloud's public incidents and a ServiceNow event log, two real files of two kinds: one store, one timeline."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

import alert_analytics as aa

pytestmark = pytest.mark.slow  # `make check` has its minutes for the rest

CLOUD = aa.sources.Tabular(
    columns={
        "fired_at": "event_start_time", "acknowledged_at": "first_notification", "resolved_at": "event_end_time",
        "severity": "severity", "service": "service_name", "message": "external_desc",
    },
    labels=["service_id", "status_impact"],
    name="gcp",
)  # fmt: skip
CUT = "2016-04-01"
N_CLOUD, N_REFUSED, N_INCIDENTS = 1_319, 5, 24_918


@pytest.fixture(scope="module")
def files(shared_data: Path) -> dict[str, Path]:
    return {
        "gcp": shared_data / "cloud_incidents_gcp" / "gcp_incidents_dedup.parquet",
        "servicenow": shared_data / "servicenow_incident_log" / "incident_event_log.csv.gz",
    }


def ingested(
    store: aa.AlertStore, files: dict[str, Path], order: list[str]
) -> dict[str, aa.history.store.IngestReport]:
    how = {"gcp": CLOUD, "servicenow": "servicenow"}
    return {name: store.ingest(files[name], source=how[name]) for name in order}


@pytest.fixture(scope="module")
def store(files: dict[str, Path]) -> Iterator[aa.AlertStore]:
    with aa.AlertStore.open() as store:
        reports = ingested(store, files, ["gcp", "servicenow"])
        for report in reports.values():
            assert report.n_read == report.n_new + report.n_updated + report.n_duplicate + report.n_quarantined
        cloud, tickets = reports["gcp"], reports["servicenow"]
        assert (cloud.n_records, cloud.n_new, cloud.n_quarantined) == (N_CLOUD, N_CLOUD - N_REFUSED, N_REFUSED)
        # Five rows have a state that nobody knows; their incidents have others.
        assert (tickets.n_records, tickets.n_new, tickets.n_quarantined) == (141_712, N_INCIDENTS, 5)
        yield store


def by_source(store: aa.AlertStore) -> dict[str, int]:
    return dict(store.history().sql("SELECT source, count(*) FROM alerts GROUP BY source").rows())


def shown(store: aa.AlertStore) -> pl.DataFrame:
    return store.history().to_polars().drop("ingested_at").sort("source", "fingerprint", "fired_at", "alert_id")


def test_one_store_holds_every_alert_of_both(store: aa.AlertStore) -> None:
    assert by_source(store) == {"gcp": N_CLOUD - N_REFUSED, "servicenow": N_INCIDENTS}
    history = store.history()
    assert history.n_alerts == N_CLOUD - N_REFUSED + N_INCIDENTS
    assert Counter((row["source"], row["reason"]) for row in history.quarantine().to_pylist()) == {
        ("gcp", "acknowledged_at precedes fired_at"): N_REFUSED,
        ("servicenow", "unknown incident_state '-100'"): 5,
    }
    times = history.to_polars()["fired_at"]
    assert times.is_sorted()
    assert (times.min().year, times.max().year) == (2016, 2022)


def test_the_other_order_of_ingestion_gives_the_same_alerts(store: aa.AlertStore, files: dict[str, Path]) -> None:
    with aa.AlertStore.open() as other:
        ingested(other, files, ["servicenow", "gcp"])
        assert shown(other).equals(shown(store))
        assert other.history().watermark == store.history().watermark
        again = ingested(other, files, ["gcp"])["gcp"]
        assert (again.n_new, again.n_updated, again.n_duplicate) == (0, 0, N_CLOUD - N_REFUSED)
        assert shown(other).equals(shown(store))


def test_the_known_medians_are_those_of_the_log_alone(store: aa.AlertStore) -> None:
    then = store.history().where({"source": ["servicenow"]}).as_of(CUT)
    [row] = aa.ResolutionAnalysis.from_alerts(then).to_polars().rows(named=True)
    assert (row["n_alerts"], row["n_open"] / row["n_alerts"]) == (9_202, pytest.approx(0.164, abs=5e-4))
    assert row["resolved_only_median_s"] / 3600 == pytest.approx(26.38, abs=0.005)
    assert row["median_s"] / 3600 == pytest.approx(49.75, abs=0.005)


def test_as_of_a_day_knows_of_both_what_had_happened(store: aa.AlertStore, files: dict[str, Path]) -> None:
    # In these years the cloud had its first incidents, and the log its last.
    cut = datetime(2018, 3, 1)
    times = pl.col("event_start_time", "event_end_time", "first_notification").str.replace("Z$", "+00:00")
    told = pl.read_parquet(files["gcp"]).select(times.str.to_datetime("%Y-%m-%dT%H:%M:%S%z").dt.replace_time_zone(None))
    sound = told.filter((pl.col("first_notification") >= pl.col("event_start_time")).fill_null(value=True))
    begun = sound.filter(pl.col("event_start_time") < cut)
    still_open = begun.filter((pl.col("event_end_time") >= cut).fill_null(value=True)).height
    then = store.history().as_of(cut)
    assert then.watermark == cut
    count = "SELECT source, count(*), count(*) FILTER (resolved_at IS NULL) FROM alerts GROUP BY source ORDER BY source"
    assert then.sql(count).rows() == [("gcp", begun.height, still_open), ("servicenow", N_INCIDENTS, 0)]
    assert 0 < still_open < begun.height < N_CLOUD - N_REFUSED


def test_trend_and_resolution_by_source(store: aa.AlertStore) -> None:
    history = store.history()
    trend = aa.TrendAnalysis.from_alerts(history, by="source").to_polars()
    assert dict(trend.select("source", "n_alerts").rows()) == by_source(store)
    assert trend["slope_per_day"].null_count() == 0
    whole = aa.ResolutionAnalysis.from_alerts(history, by="source").to_polars()
    for row in whole.rows(named=True):
        alone = aa.ResolutionAnalysis.from_alerts(history.where({"source": [row["source"]]})).to_polars()
        [single] = alone.rows(named=True)
        for name in ("n_alerts", "n_open", "median_s", "median_low_s", "median_high_s"):
            assert row[name] == single[name], (row["source"], name)
