from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from alert_analytics import datasets
from alert_analytics.analytics.correlation import CorrelationAnalysis
from alert_analytics.errors import HistoryError, UnknownColumnError
from alert_analytics.history import AlertHistory

START = datetime(2026, 3, 2)
DAY = timedelta(days=1)
Row = tuple[str, str, str, datetime]  # tenant, rule, service, fired_at


def history(rows: list[Row]) -> AlertHistory:
    tenant, rule, service, fired_at = zip(*rows, strict=True)
    return AlertHistory.open(
        pa.table(
            {
                "tenant_id": pa.array(tenant, pa.string()),
                "rule": pa.array(rule, pa.string()),
                "service": pa.array(service, pa.string()),
                "fired_at": pa.array(fired_at, pa.timestamp("us")),
            }
        )
    )


def cascade(days: int = 40, tenant: str = "acme") -> list[Row]:
    """Twice a day the network fails, 60 s later the database in four of five cases; a backup runs by itself."""
    rng = np.random.default_rng(5)
    rows: list[Row] = []
    for half_day in range(2 * days):
        at = START + half_day * DAY / 2 + timedelta(hours=float(rng.uniform(0, 11)))
        rows.append((tenant, "network", "net", at))
        if half_day % 5:
            rows.append((tenant, "database", "db", at + timedelta(seconds=60)))
        rows.append((tenant, "backup", "db", START + half_day * DAY / 2 + timedelta(hours=float(rng.uniform(0, 11)))))
    return rows


@pytest.fixture(scope="module")
def found() -> CorrelationAnalysis:
    return CorrelationAnalysis.from_alerts(history(cascade()))


def test_a_cascade_is_found_with_its_numbers(found: CorrelationAnalysis) -> None:
    row = found.table.to_pylist()[0]
    assert (row["leader"], row["follower"]) == ("network", "database")
    assert (row["n_leader"], row["n_follower"], row["n_together"]) == (80, 64, 64)
    assert (row["n_bursts"], row["n_bursts_together"]) == (80, 64)
    assert row["expected"] == 0
    assert row["lift"] is None
    assert row["median_lag_s"] == 60
    assert row["strength"] == pytest.approx(2 * 64 / np.sqrt(80 * 64))
    assert row["q_value"] < 1e-6
    assert row["p_direction"] < 1e-6
    assert row["note"] is None


def test_the_sentence_says_the_strongest_pair(found: CorrelationAnalysis) -> None:
    assert found.sentence == (
        "network leads database: 80% of its bursts are followed within 5 min, 0% expected by chance; "
        "1 of 6 pairs at q < 0.05."
    )


def test_graph_and_groups_hold_only_what_is_more_than_chance(found: CorrelationAnalysis) -> None:
    (edge,) = found.graph().to_pylist()
    assert (edge["leader"], edge["follower"], edge["directed"]) == ("network", "database", True)
    assert found.groups().to_pylist() == [
        {"group": 0, "item": "database", "size": 2},
        {"group": 0, "item": "network", "size": 2},
    ]


def test_the_alerts_behind_a_row_are_those_of_both_rules(found: CorrelationAnalysis) -> None:
    behind = found.alerts(0).to_arrow()
    assert set(behind["rule"].to_pylist()) == {"network", "database"}
    assert behind.num_rows == 144
    with pytest.raises(IndexError):
        found.alerts(99)


def test_settings_say_what_was_counted(found: CorrelationAnalysis) -> None:
    settings = found.settings
    assert settings["window_s"] == 300
    assert settings["block_s"] == 4 * 3600
    assert (settings["of"], settings["within"]) == ("rule", ["tenant_id"])
    assert (settings["n_items"], settings["n_pairs_tested"], settings["n_left_out"]) == (3, 6, 0)
    assert settings["n_controls"] == 10
    assert "epoch_us(fired_at) AS time_us" in found.sql


def test_rows_come_with_what_is_found_first_and_stronger_before_weaker() -> None:
    table = CorrelationAnalysis.from_alerts(datasets.sample()).table
    significant = [q is not None and q < 0.05 for q in table["q_value"].to_pylist()]
    assert significant == sorted(significant, reverse=True)
    for part in (True, False):
        strength = [s for s, yes in zip(table["strength"].to_pylist(), significant, strict=True) if yes is part]
        assert strength == sorted(strength, reverse=True)


def test_every_cascade_planted_in_the_sample_is_found_and_directed() -> None:
    planted = {(one["leader"], one["follower"]) for one in datasets.sample_truth()["alerts"]["cascades"]}
    edges = CorrelationAnalysis.from_alerts(datasets.sample()).graph().to_pylist()
    assert planted
    assert planted <= {(edge["leader"], edge["follower"]) for edge in edges if edge["directed"]}


def test_two_effects_of_one_cause_fire_together_without_a_leader() -> None:
    rng = np.random.default_rng(7)
    rows: list[Row] = []
    for i in range(120):
        at = START + i * DAY / 2 + timedelta(hours=float(rng.uniform(0, 11)))
        rows += [("acme", rule, "net", at + timedelta(seconds=float(rng.uniform(0, 60)))) for rule in ("left", "right")]
    pairs = CorrelationAnalysis.from_alerts(history(rows))
    assert [edge["directed"] for edge in pairs.graph().to_pylist()] == [False, False]
    assert "fires together with" in pairs.sentence


def test_tenants_and_scopes_do_not_meet() -> None:
    rows = cascade()
    apart = [("b" if rule == "database" else "a", rule, service, at) for _, rule, service, at in rows]
    assert CorrelationAnalysis.from_alerts(history(apart)).graph().num_rows == 0
    assert CorrelationAnalysis.from_alerts(history(rows), within="service").graph().num_rows == 0
    same = [(tenant, rule, "one", at) for tenant, rule, _, at in rows]
    assert CorrelationAnalysis.from_alerts(history(same), within=["service"]).graph().num_rows == 1


def test_the_window_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ALERT_CORRELATION_WINDOW", "30")
    short = CorrelationAnalysis.from_alerts(history(cascade()))
    assert short.settings["window_s"] == 30
    assert short.graph().num_rows == 0
    assert CorrelationAnalysis.from_alerts(history(cascade()), window=timedelta(hours=1)).settings["block_s"] == 43_200


def test_a_window_too_long_to_test_has_counts_but_no_p_values() -> None:
    longest, longer = (CorrelationAnalysis.from_alerts(history(cascade()), timedelta(minutes=m)) for m in (15, 16))
    assert longest.graph().num_rows == 1
    assert longer.graph().num_rows == 0
    assert longer.table["p_value"].null_count == longer.table.num_rows
    assert set(longer.table["note"].to_pylist()) == {"a window over 15 min spans hours of different load: no p-value"}
    assert longer.sentence.endswith(
        "cannot be told, for a window over 15 min spans hours of different load: no p-value."
    )


@pytest.mark.parametrize("window", [timedelta(0), timedelta(seconds=-1)])
def test_a_window_must_be_positive(window: timedelta) -> None:
    with pytest.raises(HistoryError, match="expected a positive length of time"):
        CorrelationAnalysis.from_alerts(history(cascade()), window=window)


@pytest.mark.parametrize("wrong", [{"of": "nothing"}, {"within": "nothing"}])
def test_an_unknown_column_is_said(wrong: dict[str, str]) -> None:
    with pytest.raises(UnknownColumnError, match="nothing"):
        CorrelationAnalysis.from_alerts(history(cascade()), **wrong)


def test_a_short_history_has_counts_but_no_p_values() -> None:
    pairs = CorrelationAnalysis.from_alerts(history(cascade(days=7)))
    row = next(one for one in pairs.table.to_pylist() if one["follower"] == "database" and one["leader"] == "network")
    assert row["n_together"] == 11
    assert row["p_value"] is None
    assert row["q_value"] is None
    assert "fewer than 30 blocks" in row["note"]
    assert "no leader has bursts in 30 blocks of 4 h" in pairs.sentence
    assert pairs.graph().num_rows == pairs.groups().num_rows == 0


def test_a_history_too_short_for_a_control_window_has_counts_alone() -> None:
    rows = [("acme", rule, "net", START + timedelta(seconds=s)) for rule, s in (("a", 0), ("b", 60), ("c", 100))]
    pairs = CorrelationAnalysis.from_alerts(history(rows))
    assert pairs.table.select(["leader", "follower", "n_together"]).to_pylist() == [
        {"leader": "a", "follower": "b", "n_together": 1},
        {"leader": "a", "follower": "c", "n_together": 1},
        {"leader": "b", "follower": "c", "n_together": 1},
    ]
    for name in ("expected", "lift", "strength", "p_value"):
        assert pairs.table[name].null_count == 3


def test_one_rule_or_none_or_no_alert_is_answered_in_words() -> None:
    one = CorrelationAnalysis.from_alerts(history(cascade()).where({"rule": ["network"]}))
    assert one.sentence == "There is only one rule in this history, so there is no pair."
    empty = CorrelationAnalysis.from_alerts(history(cascade()).where({"rule": ["nothing"]}))
    assert empty.sentence == "There is no alert with a rule in this history, so nothing fires together."
    assert len(one) == len(empty) == 0
    assert one.table.schema == CorrelationAnalysis.from_alerts(history(cascade())).table.schema
    assert empty.groups().num_rows == empty.graph().num_rows == 0
    assert empty.groups().schema == CorrelationAnalysis.from_alerts(history(cascade())).groups().schema


def test_rules_that_never_meet_and_pairs_no_better_than_chance_are_said() -> None:
    far = [("acme", rule, "net", START + timedelta(hours=h)) for rule, h in (("a", 0), ("b", 5), ("a", 9))]
    apart = CorrelationAnalysis.from_alerts(history(far), window=timedelta(seconds=90))
    assert apart.sentence == "No two of 2 values of rule ever fired within 90 s of each other."
    chance = CorrelationAnalysis.from_alerts(history(cascade()).where({"rule": ["network", "backup"]}))
    assert chance.table.num_rows
    assert chance.sentence == (
        "None of 2 pairs fires within 5 min of each other more often than by chance (at q < 0.05)."
    )


def test_alerts_without_an_item_are_left_out_and_counted() -> None:
    rows = history(cascade()).to_arrow().select(["tenant_id", "rule", "service", "fired_at"])
    unnamed = pa.table({name: rows[name] for name in rows.column_names} | {"rule": pa.nulls(len(rows), pa.string())})
    labelled = pa.concat_tables(
        [rows.append_column("team", rows["rule"]), unnamed.append_column("team", unnamed["rule"])]
    )
    pairs = CorrelationAnalysis.from_alerts(AlertHistory.open(labelled), of="team")
    assert pairs.settings["n_left_out"] == len(rows)
    assert pairs.table.num_rows == len(CorrelationAnalysis.from_alerts(history(cascade())))


def test_row_order_does_not_matter() -> None:
    rows = cascade()
    shuffled = [rows[i] for i in np.random.default_rng(0).permutation(len(rows))]
    assert (
        CorrelationAnalysis.from_alerts(history(shuffled)).table == CorrelationAnalysis.from_alerts(history(rows)).table
    )


def test_shifting_all_times_changes_nothing() -> None:
    shifted = [(tenant, rule, service, at + timedelta(days=100)) for tenant, rule, service, at in cascade()]
    here, there = (CorrelationAnalysis.from_alerts(history(rows)).table for rows in (cascade(), shifted))
    assert here == there
