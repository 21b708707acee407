"""The simulated table: determinism, censoring, times to resolve, incidents, flapping."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from statistics import NormalDist

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from alert_analytics.alerts import ALERT_SCHEMA
from alert_analytics.simulation import (
    SAMPLE_SEED,
    HistorySpec,
    Resolution,
    Rule,
    Service,
    SimulatedHistory,
    Tenant,
    sample_spec,
    simulate_history,
)

NEVER_NULL = {*ALERT_SCHEMA.names} - {"acknowledged_at", "resolved_at", "resolution", "assignee"}


@pytest.fixture(scope="module")
def sample() -> SimulatedHistory:
    return simulate_history(sample_spec(), SAMPLE_SEED)


@pytest.fixture(scope="module")
def alone() -> SimulatedHistory:
    """Without incidents or flapping, so that the planted laws hold to the letter."""
    rules = tuple(Rule(f"R-{severity}", "db", severity, 25.0) for severity in ("low", "high", "critical"))
    spec = HistorySpec(
        (Tenant("acme"),), (Service("db", "data"),), rules, days=84, incident_gap_s=0.0, never_resolved=0.05
    )
    return simulate_history(spec, 3)


def seconds(table: pa.Table, end: str, start: str) -> np.ndarray:
    """Seconds between two time columns, NaN where either is null."""
    difference = pc.subtract(table[end].cast(pa.int64()), table[start].cast(pa.int64()))
    return difference.to_numpy().astype(float) / 1e6


def kaplan_meier_quantile(duration_s: np.ndarray, ended: np.ndarray, q: float) -> float:
    """First time at which the product-limit estimate of P(T > t) is at most 1 - q; one event at a time."""
    order = np.argsort(duration_s)
    survival = 1.0
    for k, i in enumerate(order):
        survival *= 1.0 - ended[i] / (order.size - k)
        if survival <= 1.0 - q:
            return float(duration_s[i])
    return float("inf")


def test_the_same_seed_gives_the_same_rows_and_another_does_not() -> None:
    spec = HistorySpec.null(days=7)
    once, again, other = simulate_history(spec, 1), simulate_history(spec, 1), simulate_history(spec, 2)
    assert once.alerts.equals(again.alerts)
    assert once.latent.equals(again.latent)
    assert once.truth == again.truth
    assert not once.alerts.equals(other.alerts)


def test_leaving_descriptions_out_moves_no_alert(sample: SimulatedHistory) -> None:
    bare = simulate_history(replace(sample_spec(), descriptions=False), SAMPLE_SEED).alerts
    described = ["message", "value", "assignee", "labels", "metadata"]
    assert bare.drop_columns(described).equals(sample.alerts.drop_columns(described))
    assert bare["labels"][0].as_py() == []
    assert bare["message"].null_count == bare.num_rows


def test_the_table_is_canonical(sample: SimulatedHistory) -> None:
    alerts = sample.alerts
    assert alerts.schema.equals(ALERT_SCHEMA)
    assert {name for name in alerts.column_names if alerts[name].null_count == 0} == NEVER_NULL
    assert len(set(alerts["alert_id"].to_pylist())) == alerts.num_rows
    assert np.all(np.diff(alerts["fired_at"].cast(pa.int64()).to_numpy()) >= 0)
    assert json.loads(alerts["metadata"][0].as_py()).keys() == {"condition", "runbook"}
    assert json.loads(json.dumps(sample.truth)) == sample.truth


def test_open_alerts_are_those_that_would_end_after_the_watermark(sample: SimulatedHistory) -> None:
    alerts = sample.alerts
    latent_s = sample.latent["time_to_resolve_s"].to_numpy(zero_copy_only=False)
    left_s = (np.datetime64(sample.watermark, "us") - alerts["fired_at"].to_numpy()) / np.timedelta64(1, "s")
    is_open = alerts["resolved_at"].is_null().to_numpy()
    assert np.nanmin(latent_s) > 0.0  # also for those that fire after their would-be incident is over
    np.testing.assert_array_equal(is_open, ~(latent_s < left_s))
    np.testing.assert_allclose(seconds(alerts, "resolved_at", "fired_at")[~is_open], latent_s[~is_open], atol=1e-6)
    assert is_open.sum() == sample.truth["n_open"]
    assert 0.05 < is_open.mean() < 0.10
    assert np.isnan(latent_s).mean() == pytest.approx(0.04, abs=0.015)
    np.testing.assert_array_equal(alerts["resolution"].is_null().to_numpy(), is_open)
    np.testing.assert_array_equal(alerts["status"].to_numpy() == "resolved", ~is_open)


def test_the_last_observation_is_the_watermark(sample: SimulatedHistory) -> None:
    alerts = sample.alerts
    observed = pc.coalesce(alerts["resolved_at"], pa.scalar(sample.watermark, pa.timestamp("us")))
    assert alerts["observed_at"].equals(observed)
    assert pc.max(alerts["observed_at"]).as_py() == sample.watermark
    assert pc.max(alerts["fired_at"]).as_py() < sample.watermark


def test_acknowledgement_comes_between_firing_and_resolve(sample: SimulatedHistory) -> None:
    alerts = sample.alerts
    to_acknowledge = seconds(alerts, "acknowledged_at", "fired_at")
    left = seconds(alerts, "observed_at", "acknowledged_at")
    known = ~np.isnan(to_acknowledge)
    assert known.mean() > 0.5
    assert np.all(to_acknowledge[known] >= 1.0)
    assert np.all(left[known] > 0.0)
    np.testing.assert_array_equal(
        alerts["status"].to_numpy() == "acknowledged", known & alerts["resolved_at"].is_null().to_numpy()
    )


def test_grave_alerts_escalate_while_nobody_answers(sample: SimulatedHistory) -> None:
    alerts = sample.alerts
    answered = pc.coalesce(alerts["acknowledged_at"], alerts["observed_at"])
    waited_s = seconds(alerts.append_column("answered", answered), "answered", "fired_at")
    grave = np.isin(alerts["severity"].to_numpy(), ["high", "critical"])
    np.testing.assert_array_equal(alerts["escalations"].to_numpy(), grave * (1 * (waited_s > 1800) + (waited_s > 7200)))
    count = {name: alerts[name].to_numpy() for name in ("notifications", "escalations", "reassignments", "reopens")}
    np.testing.assert_array_equal(count["notifications"], 1 + count["escalations"] + count["reassignments"])
    assert 0 < count["reopens"].sum() < 0.03 * alerts.num_rows
    handled = ~alerts["acknowledged_at"].is_null().to_numpy() | (alerts["resolution"].to_numpy() == "manual")
    np.testing.assert_array_equal(~alerts["assignee"].is_null().to_numpy(), handled)


def test_the_planted_medians_are_recovered_from_latent_and_from_censored_times(alone: SimulatedHistory) -> None:
    severity = alone.alerts["severity"].to_numpy()
    latent_s = alone.latent["time_to_resolve_s"].to_numpy(zero_copy_only=False)
    seen_s = seconds(alone.alerts, "observed_at", "fired_at")
    ended = ~alone.alerts["resolved_at"].is_null().to_numpy()
    for row in alone.truth["resolution"]:
        mine = severity == row["severity"]
        assert row["n_alerts"] == mine.sum()
        median = np.median(np.nan_to_num(latent_s[mine], nan=np.inf))
        assert median == pytest.approx(row["latent_median_s"], rel=0.01)
        assert median == pytest.approx(row["median_s"], rel=0.12)
        for q, name in ((0.5, "median_s"), (0.9, "p90_s")):
            assert kaplan_meier_quantile(seen_s[mine], ended[mine], q) == pytest.approx(row[f"latent_{name}"], rel=0.12)
        law = Resolution({"low": 129_600.0, "high": 7_200.0, "critical": 1_500.0}[row["severity"]])
        assert row["median_s"] == pytest.approx(law.quantile(0.5 / 0.95), abs=0.001)


def test_the_tail_is_heavier_than_log_normal(alone: SimulatedHistory) -> None:
    latent_s = alone.latent["time_to_resolve_s"].to_numpy(zero_copy_only=False)
    critical = latent_s[(alone.alerts["severity"].to_numpy() == "critical") & ~np.isnan(latent_s)]
    law = Resolution(1_500.0)
    assert np.mean(critical > law.splice_s) == pytest.approx(law.tail_share, abs=0.02)
    log_excess = np.log(critical[critical > law.splice_s] / law.splice_s)
    assert log_excess.mean() == pytest.approx(1 / law.tail_alpha, rel=0.3)
    log_normal_999 = 1_500.0 * np.exp(law.sigma * NormalDist().inv_cdf(0.999))
    assert np.mean(critical > log_normal_999) > 0.003


def test_the_sample_keeps_its_medians_in_spite_of_incidents(sample: SimulatedHistory) -> None:
    rows = {row["severity"]: row for row in sample.truth["resolution"]}
    assert rows["info"]["median_s"] is None
    for severity in ("low", "medium", "high", "critical"):
        assert rows[severity]["latent_median_s"] == pytest.approx(rows[severity]["median_s"], rel=0.12)


def test_a_quantile_that_is_never_reached_is_null() -> None:
    spec = HistorySpec.null(n_rules=4, days=7)
    rows = simulate_history(replace(spec, never_resolved=0.6, incident_gap_s=0.0), 1).truth["resolution"]
    assert {row[name] for row in rows for name in ("p90_s", "latent_p90_s", "median_s")} == {None}


def test_an_incident_resolves_as_one(sample: SimulatedHistory) -> None:
    members: dict[int, list[dict]] = {}
    table = sample.alerts.append_column("number", sample.latent["incident"])
    for row in table.filter(pc.is_valid(table["number"])).to_pylist():
        members.setdefault(row["number"], []).append(row)
    assert len(members) == sample.truth["n_incidents"] > 500
    assert sorted(members) == list(range(len(members)))
    for number, rows in members.items():
        assert len(rows) >= 2
        assert {dict(row["labels"])["incident"] for row in rows} == {f"INC-{number + 1:05d}"}
        assert len({(row["tenant_id"], row["service"], row["severity"], row["resolved_at"]) for row in rows}) == 1
        assert all(row["resolution"] != "automatic" for row in rows)
        gaps = [later["fired_at"] - earlier["fired_at"] for earlier, later in pairwise(rows)]
        assert max(gap.total_seconds() for gap in gaps) <= 300.0
    opened = [members[number][0]["fired_at"] for number in range(len(members))]
    assert opened == sorted(opened)


def test_without_a_gap_there_are_no_incidents(alone: SimulatedHistory) -> None:
    assert alone.truth["n_incidents"] == 0
    assert alone.latent["incident"].null_count == alone.alerts.num_rows
    assert all("incident" not in dict(labels) for labels in alone.alerts["labels"].to_pylist())


def test_a_flapping_alert_ends_before_the_next_one_of_its_burst(sample: SimulatedHistory) -> None:
    table = sample.alerts.append_column("burst", sample.latent["burst"])
    flapping = table.filter(pc.equal(table["rule"], sample.truth["flapping_rules"][0]))
    rows = sorted(flapping.to_pylist(), key=lambda row: (row["burst"], row["fired_at"]))
    pairs = [(a, b) for a, b in pairwise(rows) if a["burst"] == b["burst"]]
    assert len(pairs) > 300
    assert all(a["resolved_at"] is not None and a["resolved_at"] < b["fired_at"] for a, b in pairs)
    assert all(row["resolution"] in ("automatic", None) and row["acknowledged_at"] is None for row in rows)
    assert np.mean([a["fingerprint"] == b["fingerprint"] for a, b in pairs]) > 0.9


def test_one_condition_never_fires_twice_at_once(sample: SimulatedHistory) -> None:
    ends: dict[str, object] = {}
    for row in sample.alerts.select(["fingerprint", "fired_at", "resolved_at"]).to_pylist():
        if row["fingerprint"] in ends:
            assert ends[row["fingerprint"]] is not None
            assert ends[row["fingerprint"]] <= row["fired_at"]
        ends[row["fingerprint"]] = row["resolved_at"]
    assert len(ends) < 0.75 * sample.alerts.num_rows  # conditions do come back


def test_labels_name_the_host_and_the_region(sample: SimulatedHistory) -> None:
    for row in sample.alerts.select(["service", "tenant_id", "labels", "fingerprint"]).slice(0, 3000).to_pylist():
        labels = dict(row["labels"])
        assert labels["host"].startswith(row["service"])
        assert labels["region"] == {"acme": "eu-west", "globex": "us-east"}[row["tenant_id"]]
        assert row["fingerprint"].startswith(labels.get("pod", ""))


def test_a_history_may_be_empty() -> None:
    spec = HistorySpec((Tenant("acme"),), (Service("db", "data"),), (Rule("A", "db", "high", 0.0),))
    history = simulate_history(spec, 0)
    assert history.alerts.schema.equals(ALERT_SCHEMA)
    assert history.alerts.num_rows == history.latent.num_rows == 0
    assert history.truth["resolution"] == []


def test_the_sample_holds_what_it_promises() -> None:
    spec = sample_spec()
    assert len(spec.cascades) >= 4
    for cascade in spec.cascades:
        assert 0.4 <= cascade.probability <= 0.8
        assert cascade.lag_quantile(0.99) < 300.0
    slopes = [service.slope_per_day for service in spec.services]
    assert max(slopes) > 0.1
    assert min(slopes) < -0.1
    assert len(spec.storms) == 3
    assert sum(rule.flapping for rule in spec.rules) == 1
