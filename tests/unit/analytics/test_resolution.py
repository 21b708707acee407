"""Times to resolve by group: their numbers, their doubts, and what is said where there is nothing to say."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from alert_analytics.analytics.durations import Group, renumbered
from alert_analytics.analytics.estimates import in_words
from alert_analytics.analytics.resolution import ResolutionAnalysis
from alert_analytics.errors import HistoryError, UnknownColumnError
from alert_analytics.history import AlertHistory
from alert_analytics.stats.restricted_mean import restricted_mean
from alert_analytics.stats.survival import quantile

START = datetime(2026, 3, 2)
Row = tuple[str | None, float, float | None]  # service, fired after s, resolved after s


def table(rows: Sequence[Row], **more: Sequence[str | None]) -> pa.Table:
    service, fired, resolved = zip(*rows, strict=True) if rows else ((), (), ())

    def times(seconds: Sequence[float | None]) -> pa.Array:
        return pa.array([None if s is None else START + timedelta(seconds=s) for s in seconds], pa.timestamp("us"))

    columns = {"service": pa.array(service, pa.string()), "fired_at": times(fired), "resolved_at": times(resolved)}
    return pa.table(columns | {name: pa.array(values, pa.string()) for name, values in more.items()})


def simulated(n: int = 400, seed: int = 0, slow: float = 1.0) -> pa.Table:
    """Incidents of four alerts on two services; `web` takes `slow` times as long as `db`."""
    rng = np.random.default_rng(seed)
    rows: list[Row] = []
    incidents = []
    for incident in range(n // 4):
        fired = float(rng.uniform(0, 10 * 86_400))
        duration = float(np.exp(9 + rng.normal()))
        for i in range(4):
            service = "web" if incident % 2 else "db"
            lasted = duration * (slow if service == "web" else 1.0) + i
            rows.append((service, fired + i, fired + i + lasted if fired + lasted < 9.9 * 86_400 else None))
            incidents.append(f"INC{incident}")
    rows.append(("db", 10 * 86_400.0, 10 * 86_400.0))
    return table(rows, incident=[*incidents, "last"])


def rows_of(analysis: ResolutionAnalysis) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = analysis.table.to_pylist()
    return rows


def test_one_group_by_hand() -> None:
    # Resolved after 10, 20 and 30 s; one open for 25 s at the watermark, which the last resolution sets.
    given: list[Row] = [("db", 0, 10), ("db", 0, 20), ("db", 70, 100), ("db", 75, None)]
    analysis = ResolutionAnalysis.from_alerts(table(given), cluster=None)
    [row] = rows_of(analysis)
    assert (row["n_alerts"], row["n_resolved"], row["n_open"]) == (4, 3, 1)
    assert row["median_s"] == 20.0
    assert row["p90_s"] == 30.0
    # 3/4 after 10 s, 1/2 after 20 s, 0 after 30 s; all known, so the horizon is the longest time.
    assert row["horizon_s"] == 30.0
    assert row["mean_s"] == pytest.approx(10 + 0.75 * 10 + 0.5 * 10)
    assert row["resolved_only_median_s"] == 20.0
    assert row["n_clusters"] == 4
    curve = analysis.curve().to_pydict()
    assert curve["time_s"] == [10.0, 20.0, 25.0, 30.0]
    assert curve["n_at_risk"] == [4, 3, 2, 1]
    assert curve["n_censored"] == [0, 0, 1, 0]
    np.testing.assert_allclose(curve["survival"], [0.75, 0.5, 0.5, 0.0])
    assert curve["high"][-1] is None


@pytest.mark.parametrize("n", [1, 2, 5, 6])
def test_without_open_alerts_the_two_medians_agree(n: int) -> None:
    [row] = rows_of(ResolutionAnalysis.from_alerts(table([("db", 0, 10 * i + 10) for i in range(n)])))
    assert row["median_s"] == row["resolved_only_median_s"] == 10 * ((n + 1) // 2)


def test_columns_stand_in_the_order_of_the_contract() -> None:
    analysis = ResolutionAnalysis.from_alerts(simulated(), by=["service", "incident"])
    assert analysis.table.column_names == [
        *("service", "incident", "n_alerts", "n_resolved", "n_open"),
        *(f"{what}_{end}" for what in ("median", "p90", "mean") for end in ("s", "low_s", "high_s")),
        *("horizon_s", "resolved_only_median_s", "n_clusters", "n_clusters_effective", "note"),
    ]


def test_intervals_enclose_and_know_of_incidents() -> None:
    by_incident = ResolutionAnalysis.from_alerts(simulated())
    alone = ResolutionAnalysis.from_alerts(simulated(), cluster=None)
    [wide], [narrow] = rows_of(by_incident), rows_of(alone)
    for name in ("median", "p90", "mean"):
        assert wide[f"{name}_s"] == narrow[f"{name}_s"]
        assert wide[f"{name}_low_s"] < wide[f"{name}_s"] < wide[f"{name}_high_s"]
        spread = [row[f"{name}_high_s"] - row[f"{name}_low_s"] for row in (wide, narrow)]
        assert spread[0] > 1.4 * spread[1]
    assert wide["n_clusters"] == 101
    assert wide["n_clusters_effective"] == pytest.approx(401**2 / (100 * 16 + 1))
    assert by_incident.settings["cluster"] == "incident, or service and day where it is missing"
    assert alone.settings["cluster"] == "each alert for itself"
    assert "incident" in by_incident.sentence


def test_without_incidents_a_service_and_day_is_a_cluster() -> None:
    analysis = ResolutionAnalysis.from_alerts(simulated().drop_columns(["incident"]))
    assert analysis.settings["cluster"] == "service and day"
    assert rows_of(analysis)[0]["n_clusters"] == 2 * 10 + 1
    named = ResolutionAnalysis.from_alerts(simulated(), cluster="service")
    assert rows_of(named)[0]["n_clusters"] == 2


def test_level_widens() -> None:
    narrow = rows_of(ResolutionAnalysis.from_alerts(simulated(), level=0.5))[0]
    wide = rows_of(ResolutionAnalysis.from_alerts(simulated(), level=0.99))[0]
    assert wide["median_low_s"] < narrow["median_low_s"] <= narrow["median_high_s"] < wide["median_high_s"]


def test_row_order_does_not_matter() -> None:
    given = simulated()
    shuffled = given.take(pa.array(np.random.default_rng(5).permutation(given.num_rows)))
    here, there = (ResolutionAnalysis.from_alerts(one, by="service") for one in (given, shuffled))
    for one, other in zip(rows_of(here), rows_of(there), strict=True):
        assert {k: pytest.approx(v) if isinstance(v, float) else v for k, v in one.items()} == other


def test_the_future_does_not_leak() -> None:
    cut = START + timedelta(days=5)
    given = simulated()
    before = given.filter(pa.compute.less(given["fired_at"], pa.scalar(cut, pa.timestamp("us"))))
    earlier = ResolutionAnalysis.from_alerts(AlertHistory.open(given).as_of(cut))
    [row] = rows_of(earlier)
    assert row["n_alerts"] == before.num_rows
    resolved = [t for t in before["resolved_at"].to_pylist() if t is not None and t < cut]
    assert row["n_resolved"] == len(resolved)
    assert earlier.settings["censored_at"] == cut


def test_until_narrows_the_alerts_but_not_what_is_known_of_them() -> None:
    given: list[Row] = [("db", 0, 500), ("db", 10, None), ("db", 900, 1000)]
    history = AlertHistory.open(table(given)).where(until=START + timedelta(seconds=20))
    [row] = rows_of(ResolutionAnalysis.from_alerts(history))
    assert (row["n_alerts"], row["n_resolved"]) == (2, 1)
    assert row["median_s"] == 500.0


# -- groups ---------------------------------------------------------------------------------------------------------


def test_equal_hashes_of_two_groups_are_noticed_and_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    from alert_analytics.analytics import hashes

    given = simulated()
    before = ResolutionAnalysis.from_alerts(given, by="service")
    asked, salts = hashes.is_distinct, []

    def once_equal(known: np.ndarray) -> bool:
        salts.append(known)
        return len(salts) > 1 and asked(known)

    monkeypatch.setattr(hashes, "is_distinct", once_equal)
    assert ResolutionAnalysis.from_alerts(given, by="service").table.equals(before.table)
    assert not set(salts[0].tolist()) & set(salts[1].tolist())
    assert not asked(np.array([3, 5, 3], np.uint64))


def test_one_horizon_for_all_groups() -> None:
    given: list[Row] = [("db", 0, 100)] * 40 + [("web", 800, 950)] * 40 + [("db", 0, None), ("web", 800, None)]
    given += [("tiny", 995, None), ("last", 1000, 1000)]
    analysis = ResolutionAnalysis.from_alerts(table(given), by="service")
    rows = {row["service"]: row for row in rows_of(analysis)}
    # `web` was followed for 200 s, `db` for 1000; `tiny` is too small to shorten the horizon, and has no mean.
    assert {row["horizon_s"] for row in rows.values()} == {200.0}
    assert rows["web"]["mean_s"] == pytest.approx(150 + 50 / 41)
    assert rows["tiny"]["mean_s"] is None
    assert "no mean: followed for less than the horizon of 3.33 min" in rows["tiny"]["note"]
    assert rows["last"]["mean_s"] == 0.0
    chosen = ResolutionAnalysis.from_alerts(table(given), by="service", horizon=timedelta(seconds=4))
    assert {row["mean_s"] for row in rows_of(chosen)} == {4.0, 0.0}
    assert chosen.settings["horizon_chosen_by"] == "the caller"


def test_a_median_that_was_never_reached_is_null_with_a_reason() -> None:
    given: list[Row] = [("db", 0, 100), ("db", 0, None), ("db", 0, None), ("db", 3600, 3600)]
    [row] = rows_of(ResolutionAnalysis.from_alerts(table(given)))
    assert row["median_s"] == 100.0
    [row] = rows_of(ResolutionAnalysis.from_alerts(table([*given, ("db", 0, None)])))
    assert row["median_s"] is None
    assert row["mean_s"] is not None
    assert row["note"].startswith("no median: 60% are still open after 1 h, the longest time seen")


def test_all_open() -> None:
    analysis = ResolutionAnalysis.from_alerts(table([("db", 0, None), ("db", 50, None)]))
    [row] = rows_of(analysis)
    assert (row["n_open"], row["median_s"], row["resolved_only_median_s"]) == (2, None, None)
    assert row["mean_s"] == row["horizon_s"] == 50.0
    assert row["mean_low_s"] is None
    assert analysis.sentence.startswith("Less than half of 2 alerts were ever seen resolved")
    by = ResolutionAnalysis.from_alerts(table([("db", 0, None), ("web", 50, None)]), by="service")
    assert by.sentence.startswith("None of 2 groups by service has half its alerts resolved; 100.0% of 2 alerts are")


def test_one_alert() -> None:
    [row] = rows_of(ResolutionAnalysis.from_alerts(table([("db", 0, 60)])))
    assert row["median_s"] == row["p90_s"] == row["mean_s"] == 60.0
    assert row["median_low_s"] is row["median_high_s"] is row["mean_low_s"] is None
    assert row["note"] == "no intervals: all alerts are of one cluster"


def test_an_empty_history() -> None:
    analysis = ResolutionAnalysis.from_alerts(table([]), by="service")
    assert len(analysis) == analysis.curve().num_rows == analysis.quantile(0.5).num_rows == 0
    assert analysis.curve().column_names[:2] == ["service", "time_s"]
    assert analysis.sentence == "There is no alert in this history, so nothing has a time to resolve."
    assert analysis.settings["horizon_s"] is None
    assert "service" in repr(analysis)


def test_nulls_are_a_group() -> None:
    analysis = ResolutionAnalysis.from_alerts(table([(None, 0, 60), ("db", 0, 30)]), by="service")
    assert [row["service"] for row in rows_of(analysis)] == ["db", None]
    assert analysis.alerts(1).n_alerts == 1
    assert analysis.curve()["service"].to_pylist() == ["db", None]


def test_the_rows_behind_a_row() -> None:
    analysis = ResolutionAnalysis.from_alerts(simulated(), by=["service"])
    for i, row in enumerate(rows_of(analysis)):
        behind = analysis.alerts(i).to_arrow()
        assert behind.num_rows == row["n_alerts"]
        assert set(behind["service"].to_pylist()) == {row["service"]}


def test_quantile_agrees_with_the_table() -> None:
    analysis = ResolutionAnalysis.from_alerts(simulated(), by="service")
    median = analysis.quantile(0.5)
    assert median.column_names == ["service", "q", "quantile_s", "low_s", "high_s"]
    assert median["quantile_s"].to_pylist() == analysis.table["median_s"].to_pylist()
    assert median["high_s"].to_pylist() == analysis.table["median_high_s"].to_pylist()


# -- comparing ------------------------------------------------------------------------------------------------------


def test_compare_finds_a_planted_difference() -> None:
    analysis = ResolutionAnalysis.from_alerts(simulated(slow=4.0), by="service")
    [pair] = analysis.compare().to_pylist()
    assert (pair["service_a"], pair["service_b"]) == ("db", "web")
    assert pair["p_value"] == pair["q_value"] < 1e-4
    assert pair["mean_difference_low_s"] < pair["mean_difference_s"] < pair["mean_difference_high_s"] < 0
    means = analysis.table["mean_s"].to_pylist()
    assert pair["mean_difference_s"] == pytest.approx(means[0] - means[1])


def test_compare_finds_nothing_where_nothing_is() -> None:
    [pair] = ResolutionAnalysis.from_alerts(simulated(seed=3), by="service").compare().to_pylist()
    assert pair["p_value"] > 0.05
    assert pair["mean_difference_low_s"] < 0 < pair["mean_difference_high_s"]


def test_compare_three_groups_in_part() -> None:
    given: list[Row] = [("db", 10 * i, 10 * i + 50 + i) for i in range(40)]
    given += [("web", 10 * i, 10 * i + 80 + i) for i in range(40)] + [("tiny", 1, None), ("tiny", 998, 999)]
    pairs = ResolutionAnalysis.from_alerts(table(given), by="service", cluster=None).compare().to_pylist()
    assert [(p["service_a"], p["service_b"]) for p in pairs] == [("db", "tiny"), ("db", "web"), ("tiny", "web")]
    assert pairs[1]["q_value"] == pytest.approx(3 * pairs[1]["p_value"])
    unknown = ResolutionAnalysis.from_alerts(table(given), by="service", cluster=None, horizon=timedelta(days=9))
    assert unknown.compare()["mean_difference_s"].null_count == 2


def test_an_incident_in_both_groups_counts_once() -> None:
    # Each incident sets off an alert in both services, and they resolve within two seconds of each other.
    rng = np.random.default_rng(2)
    lasted = np.exp(9 + rng.normal(size=60))
    fired = rng.uniform(0, 86_400, 60)
    rows: list[Row] = []
    for k, (f, d) in enumerate(zip(fired, lasted, strict=True)):
        rows += [("a", f, f + d), ("b", f, f + d + k % 3)]
    given = table(rows, incident=[str(i // 2) for i in range(120)])
    [shared] = ResolutionAnalysis.from_alerts(given, by="service").compare().to_pylist()
    [apart] = ResolutionAnalysis.from_alerts(given, by="service", cluster=None).compare().to_pylist()
    assert shared["mean_difference_s"] == apart["mean_difference_s"] == pytest.approx(-1, abs=0.1)
    assert shared["mean_difference_high_s"] - shared["mean_difference_low_s"] < 1
    assert apart["mean_difference_high_s"] - apart["mean_difference_low_s"] > 1000


def test_one_group_has_no_pair() -> None:
    with pytest.raises(HistoryError, match="by nothing has 1"):
        ResolutionAnalysis.from_alerts(simulated()).compare()


# -- words and refusals ---------------------------------------------------------------------------------------------


def test_sentences() -> None:
    alone = ResolutionAnalysis.from_alerts(simulated())
    assert alone.sentence.startswith("Half of 401 alerts are resolved within ")
    assert "(95% interval " in alone.sentence
    closed = ResolutionAnalysis.from_alerts(table([("db", 0, 60), ("web", 0, 90)]), cluster=None)
    assert closed.sentence == (
        "Half of 2 alerts are resolved within 60 s (95% interval 60 s to no known end), nine in ten within 90 s; "
        "none is open. Intervals (95%) by cluster: each alert for itself."
    )
    by = ResolutionAnalysis.from_alerts(simulated(slow=4.0), by="service")
    assert by.sentence.startswith("Of 2 groups by service, web is the slowest: half of 200 alerts")
    assert "still open and counted as such" in by.sentence
    assert by.sentence in repr(by)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (0.5, "0.5 s"),
        (119, "119 s"),
        (120, "2 min"),
        (5400, "1.5 h"),
        (36_000, "10 h"),
        (200_000, "2.31 d"),
    ],
)
def test_in_words(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


@pytest.mark.parametrize("codes", [[5, 5, 9, 5], [10**9, 3, 10**9], [], [0]])
def test_renumbered_keeps_what_is_equal_equal(codes: list[int]) -> None:
    found = renumbered(np.array(codes, dtype=np.int64))
    assert len(set(zip(codes, found.tolist(), strict=True))) == len(set(codes))
    assert set(found.tolist()) == set(range(len(set(codes))))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"horizon": timedelta(0)}, "horizon=0:00:00; expected a positive"),
        ({"level": 95.0}, r"level=95\.0; expected a share"),
        ({"by": "nowhere"}, "No column or label 'nowhere'"),
        ({"cluster": "nowhere"}, "No column or label 'nowhere'"),
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(HistoryError, match=message) as refused:
        ResolutionAnalysis.from_alerts(simulated(40), **wrong)
    assert isinstance(refused.value, UnknownColumnError) == ("nowhere" in message)


def test_a_quantile_is_a_share() -> None:
    with pytest.raises(HistoryError, match="q=90"):
        ResolutionAnalysis.from_alerts(simulated(40)).quantile(90)


def test_a_lone_alert_needs_no_curve_and_says_what_a_curve_would() -> None:
    for seconds, resolved in [(60.0, True), (60.0, False), (7200.0, False), (7200.0, True)]:
        lone = Group(("a",), np.array([seconds]), np.array([resolved]), np.array([3]), 0.95)
        assert lone.open_share == lone.table.survival[-1]
        for q in (0.5, 0.9):
            assert lone.quantile(q).value_s == pytest.approx(quantile(lone.table, q), nan_ok=True)
        assert lone.mean(3600).value_s == pytest.approx(restricted_mean(lone.table, 3600), nan_ok=True)
        assert np.isnan([lone.quantile(0.5).low_s, lone.quantile(0.5).high_s, lone.mean(3600).low_s]).all()
