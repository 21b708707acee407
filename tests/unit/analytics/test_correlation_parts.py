"""Lags, symmetric measures, graph and groups of a correlation."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from alert_analytics import datasets
from alert_analytics.analytics.correlation import CorrelationAnalysis
from alert_analytics.history import AlertHistory

START = datetime(2026, 3, 2)


@pytest.fixture(scope="module")
def sample() -> CorrelationAnalysis:
    return CorrelationAnalysis.from_alerts(datasets.sample())


def few(rows: list[tuple[str, float]], **more: object) -> CorrelationAnalysis:
    rule, at = zip(*rows, strict=True)
    fired = pa.array([START + timedelta(seconds=s) for s in at], pa.timestamp("us"))
    return CorrelationAnalysis.from_alerts(AlertHistory.open(pa.table({"rule": rule, "fired_at": fired})), **more)


def test_the_graph_is_the_planted_cascades_and_leaves_out_who_comes_along(sample: CorrelationAnalysis) -> None:
    planted = {(one["leader"], one["follower"]) for one in datasets.sample_truth()["alerts"]["cascades"]}
    assert {(edge["leader"], edge["follower"]) for edge in sample.graph().to_pylist()} == planted
    assert sample.table.filter(pa.compute.less(sample.table["q_value"], 0.05)).num_rows > len(planted)


def test_groups_are_connected_through_the_graph(sample: CorrelationAnalysis) -> None:
    groups = sample.groups().to_pylist()
    assert [row["group"] for row in groups] == sorted(row["group"] for row in groups)
    chained = {row["item"] for row in groups if row["group"] == 0}
    assert chained == {"ConnectionPoolExhausted", "PaymentTimeouts", "HighErrorRate"}
    assert {row["size"] for row in groups} == {2, 3}


def test_lags_add_up_to_the_bursts_that_were_followed(sample: CorrelationAnalysis) -> None:
    for row, record in enumerate(sample.table.slice(0, 4).to_pylist()):
        lags = sample.lags(row)
        table = lags.table.to_pydict()
        assert sum(table["n_bursts"]) == record["n_bursts_together"]
        assert sum(table["by_chance"]) == pytest.approx(record["expected"])
        assert sum(table["kernel"]) == pytest.approx(1, abs=1e-6)
        half = np.searchsorted(np.cumsum(table["n_bursts"]), record["n_bursts_together"] / 2)
        assert table["from_s"][half] <= record["median_lag_s"] <= table["to_s"][half]
        assert (lags.leader, lags.follower) == (record["leader"], record["follower"])
        assert set(lags.alerts(3).to_arrow()["rule"].to_pylist()) == {record["leader"], record["follower"]}
        assert lags.settings["leader"] == record["leader"]
        assert "correlation" in lags.sql or "epoch_us" in lags.sql


def test_lags_count_the_start_of_a_burst_once() -> None:
    rows = [("a", 1000 * i) for i in range(4)] + [("b", 1000 * i + s) for i in range(3) for s in (50, 60, 70)]
    pairs = few([*rows, ("b", 10_000)])
    lags = pairs.lags(0)
    (bin_,) = [row for row in lags.table.to_pylist() if row["n_bursts"]]
    assert bin_["n_bursts"] == 3
    assert bin_["from_s"] < 50 <= bin_["to_s"]
    assert lags.sentence == "b starts most often 33.4 to 51.9 s after a: 3 of 3 times, 0.046 expected by chance."
    with pytest.raises(IndexError):
        pairs.lags(99)


def test_a_pair_that_is_no_more_than_chance_has_no_lag_of_its_own() -> None:
    pairs = few([("a", 0), ("a", 1000), ("b", 1001), ("b", 9000)])
    lags = pairs.lags(0)
    flat = lags.table.set_column(3, "by_chance", pa.array([9.0] * len(lags)))
    object.__setattr__(lags, "table", flat)
    assert lags.sentence == "b starts at no time after a more often than by chance."


def test_symmetric_measures_agree_with_scipy(sample: CorrelationAnalysis) -> None:
    alerts = sample.history.to_arrow()
    start, end = sample.history.span.start, sample.history.span.end
    n_buckets = (end - start) // sample.window + 1
    tenants = sorted(set(alerts["tenant_id"].to_pylist()))
    counts = {name: np.zeros((len(tenants), n_buckets)) for name in ("PaymentTimeouts", "HighErrorRate", "PacketLoss")}
    rows = zip(*(alerts[name].to_pylist() for name in ("tenant_id", "rule", "fired_at")), strict=True)
    for tenant, rule, at in rows:
        if rule in counts:
            counts[rule][tenants.index(tenant), (at - start) // sample.window] += 1
    found = {(row["left"], row["right"]): row for row in sample.symmetric().to_pylist()}
    for left, right in (("HighErrorRate", "PaymentTimeouts"), ("PacketLoss", "PaymentTimeouts")):
        row, (x, y) = found[left, right], (counts[name].ravel() for name in (left, right))
        assert row["pearson"] == pytest.approx(stats.pearsonr(x, y).statistic)
        assert row["phi"] == pytest.approx(stats.pearsonr(x > 0, y > 0).statistic)
        both, n_left, n_right = ((x > 0) & (y > 0)).sum(), (x > 0).sum(), (y > 0).sum()
        assert (row["n_both"], row["n_left"], row["n_right"]) == (both, n_left, n_right)
        assert row["jaccard"] == pytest.approx(both / ((x > 0) | (y > 0)).sum())
        chance = stats.hypergeom(x.size, n_left, n_right)
        assert row["z"] == pytest.approx((both - chance.mean()) / chance.std())


def test_the_end_of_one_scope_is_not_the_beginning_of_the_next() -> None:
    at = [datetime(2025, 1, 1), datetime(2025, 1, 1, 0, 10)]
    columns = {"fired_at": pa.array([*at, *at], pa.timestamp("us")), "tenant_id": ["t1", "t1", "t2", "t2"]}
    ask = CorrelationAnalysis.from_alerts(pa.table({**columns, "rule": ["a", "b", "c", "d"]}))
    assert ask.symmetric().num_rows == 0  # b ends the span of t1, and c begins that of t2


def test_items_in_every_bucket_alike_have_no_correlation() -> None:
    (row,) = few([("a", 0), ("b", 1)]).symmetric().to_pylist()
    assert (row["jaccard"], row["n_both"]) == (1, 1)
    assert row["pearson"] is row["phi"] is row["z"] is None


def test_symmetric_measures_of_one_rule_or_none_are_empty(sample: CorrelationAnalysis) -> None:
    assert few([("a", 0), ("a", 900)]).symmetric().num_rows == 0
    none = CorrelationAnalysis.from_alerts(sample.history.where({"rule": ["nothing"]}))
    assert none.symmetric().schema == sample.symmetric().schema


def test_one_moment_and_one_pair_are_answered() -> None:
    moment = few([("a", 5), ("b", 5)])
    assert len(moment) == 0
    assert moment.graph().num_rows == moment.groups().num_rows == 0
    assert few([("a", 0)]).sentence == "There is only one rule in this history, so there is no pair."


def test_a_row_without_a_strength_says_why(monkeypatch: pytest.MonkeyPatch, sample: CorrelationAnalysis) -> None:
    monkeypatch.setattr("alert_analytics.analytics.correlation_strength.MOST_BURSTS", 40)
    table = CorrelationAnalysis.from_alerts(sample.history).table
    missing = table.filter(pa.compute.is_null(table["strength"]))
    tested = missing.filter(pa.compute.is_valid(missing["p_value"]))
    assert tested.num_rows
    assert set(tested["note"].to_pylist()) == {"one of the two has no burst in the sampled blocks of time: no strength"}
