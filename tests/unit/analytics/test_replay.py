from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

import alert_analytics as aa
from alert_analytics.errors import ConditionError, HistoryError

START = datetime(2025, 1, 6)
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


def alerts(rows: list[tuple[str, float, float | None, float | None, str | None]]) -> pa.Table:
    """Rule, then minutes: fired, acknowledged after, resolved after; and how."""

    def at(minutes: list[float | None]) -> pa.Array:
        return pa.array([None if one is None else START + one * MINUTE for one in minutes], pa.timestamp("us"))

    return pa.table(
        {
            "rule": [one[0] for one in rows],
            "fired_at": at([one[1] for one in rows]),
            "acknowledged_at": at([None if one[2] is None else one[1] + one[2] for one in rows]),
            "resolved_at": at([None if one[3] is None else one[1] + one[3] for one in rows]),
            "resolution": pa.array([one[4] for one in rows], pa.string()),
            "observed_at": at([10_000.0] * len(rows)),
        }
    )


ROWS: list[tuple[str, float, float | None, float | None, str | None]] = [
    ("a", 0, None, 3, "automatic"),
    ("a", 100, 1, 3, "manual"),  # acted on, and over within five minutes
    ("a", 104, 2, 50, "manual"),
    ("b", 105, None, 40, "automatic"),
    ("a", 9_998, None, None, None),  # open for two minutes
    ("b", 9_000, None, 900, "manual"),
    ("b", 9_050, 500, 900, "manual"),
]


def test_a_raised_for_saves_misses_delays_and_does_not_know() -> None:
    replay = aa.RuleReplay.from_alerts(alerts(ROWS), aa.RuleChange(hold=5 * MINUTE), only="a")
    [row] = replay.table.to_pylist()
    names = ("item", "n_alerts", "n_saved", "n_missed", "n_delayed", "n_unknown")
    assert tuple(row[name] for name in names) == ("a", 4, 2, 1, 1, 1)
    assert row["missed_share"] == 0.5
    assert replay.alerts(0).to_polars()["fired_at"].to_list() == [START, START + 100 * MINUTE]
    assert "2 of 4 alerts of a would be saved" in replay.sentence
    assert "acted on 1 of these" in replay.sentence


def test_a_merge_goes_one_way_and_leaves_the_leader_alone() -> None:
    replay = aa.RuleReplay.from_alerts(alerts(ROWS), aa.RuleChange(merge_into="a"))
    assert [(row["item"], row["n_saved"], row["n_missed"]) for row in replay.table.to_pylist()] == [("b", 1, 0)]


def test_automatic_resolves_save_closings_and_miss_late_acknowledgements() -> None:
    replay = aa.RuleReplay.from_alerts(alerts(ROWS), aa.RuleChange(resolve_after=60 * MINUTE), only="b")
    [row] = replay.table.to_pylist()
    assert (row["n_saved"], row["n_missed"]) == (1, 1)


def test_a_deleted_rule_misses_what_was_acted_on() -> None:
    [first, _] = aa.RuleReplay.from_alerts(alerts(ROWS), aa.RuleChange(delete=True)).table.to_pylist()
    assert (first["item"], first["n_saved"], first["n_missed"]) == ("a", 4, 2)


def test_a_rule_without_group_by_joins_within_a_series_in_samples_and_over_their_alerts() -> None:
    """Two entities each fire every three minutes: what a window leaves is the same, walked over samples or alerts."""
    series: dict[str, list[float | None]] = {"w1": [90, 10, 10] * 8, "w2": [90, 10, 10] * 8}
    now, wider = rule("r"), rule("r", dedup_window=5 * MINUTE)
    walked = aa.MetricReplay.from_samples(samples(series), wider).table["n_alerts"].to_pylist()
    fired = aa.MetricReplay.from_samples(samples(series), now).history
    [row] = aa.RuleReplay.from_alerts(fired, aa.RuleChange.between(now, wider)).table.to_pylist()
    assert walked == [row["n_alerts"] - row["n_saved"]] == [8]
    together = aa.RuleReplay.from_alerts(fired, aa.RuleChange(dedup_window=5 * MINUTE, group_by=()))
    assert together.table["n_saved"].to_pylist() == [12]


def test_where_every_alert_has_a_fingerprint_of_its_own_there_is_nothing_to_join() -> None:
    [row] = aa.RuleReplay.from_alerts(
        alerts([("a", i, None, 1, "automatic") for i in range(5)]),
        aa.RuleChange.between(rule("a"), rule("a", dedup_window=MINUTE)),
    ).table.to_pylist()
    assert row["n_saved"] == 0
    assert "no two alerts share fingerprint: there is nothing to join" in row["note"]


def test_changes_apply_one_after_the_other() -> None:
    change = aa.RuleChange(hold=5 * MINUTE, dedup_window=10 * MINUTE)
    assert change.kind == "several"
    [row] = aa.RuleReplay.from_alerts(alerts(ROWS), change, only="a").table.to_pylist()
    assert row["n_saved"] == 2  # the alert at 104 would have joined the one at 100, which does not fire


@pytest.mark.parametrize("change", [aa.RuleChange(delete=True), aa.RuleChange(hold=MINUTE, dedup_window=MINUTE)])
def test_no_alert_is_answered_in_words(change: aa.RuleChange) -> None:
    replay = aa.RuleReplay.from_alerts(alerts([]), change)
    assert replay.sentence == "There is no alert of such a rule in this history, so nothing would change."
    assert len(replay) == 0
    one = aa.RuleReplay.from_alerts(alerts(ROWS[:1]), change)
    assert len(one) == 1
    with pytest.raises(IndexError):
        one.alerts(1)


def test_where_nobody_is_said_to_have_acted_what_is_missed_is_null() -> None:
    table = alerts([("a", 0, None, 2, None), ("a", 4_000, None, 2, None)])
    replay = aa.RuleReplay.from_alerts(table, aa.RuleChange(hold=5 * MINUTE))
    [row] = replay.table.to_pylist()
    assert (row["n_saved"], row["n_missed"], row["missed_share"]) == (2, None, None)
    assert "nothing says what people did" in row["note"]
    assert "what would be missed is not known" in replay.sentence


def test_an_unknown_item_and_no_change_are_refused() -> None:
    with pytest.raises(HistoryError, match="No alert has rule 'z'"):
        aa.RuleReplay.from_alerts(alerts(ROWS), aa.RuleChange(delete=True), only="z")
    with pytest.raises(HistoryError, match="merged into itself"):
        aa.RuleReplay.from_alerts(alerts(ROWS), aa.RuleChange(merge_into="a"), only="a")
    with pytest.raises(HistoryError, match="is no change"):
        aa.RuleReplay.from_alerts(alerts(ROWS), "delete")  # type: ignore[arg-type]


# -- over samples -----------------------------------------------------------------------------------------------------


def rule(name: str, **more: Any) -> aa.AlertRule:
    return aa.AlertRule(name=name, condition="cpu > 80", severity="high", **more)


def samples(values: dict[str, list[float | None]], **more: Any) -> pa.Table:
    rows = [(entity, i, one) for entity, series in values.items() for i, one in enumerate(series)]
    return pa.table(
        {
            "entity": [one[0] for one in rows],
            "t": pa.array([START + one[1] * MINUTE for one in rows], pa.timestamp("us")),
            "cpu": pa.array([one[2] for one in rows], pa.float64()),
        }
        | more
    )


def test_for_hysteresis_and_dedup_as_by_hand() -> None:
    series = {"w1": [90, 70, 90, 90, 75, 90, 50, 90], "w2": [90, 90, 90, None, 90, 40, 40, 40]}
    rules = [
        rule("now"),
        rule("hold", hold_for=MINUTE),
        rule("clear", clear_condition="cpu < 60"),
        rule("dedup", dedup_window=3 * MINUTE),
        rule("group", dedup_window=10 * MINUTE, group_by=("site",)),
    ]
    replay = aa.MetricReplay.from_samples(samples(series, site=["s"] * 16), rules)
    told = {
        row["rule"]: (row["n_fired"], row["n_alerts"], row["n_open"], row["n_missed"])
        for row in replay.table.to_pylist()
    }
    assert told == {
        "now": (5, 5, 1, 0),
        "hold": (2, 2, 0, 3),
        "clear": (3, 3, 1, 0),
        "dedup": (5, 3, 1, 0),
        "group": (5, 1, 1, 0),
    }
    [whole] = replay.alerts(4).to_arrow().to_pylist()
    assert (whole["occurrences"], whole["resolved_at"], whole["fired_at"]) == (5, None, START)
    assert aa.TrendAnalysis.from_alerts(replay.alerts(0)).table["n_alerts"].to_pylist() == [5]
    assert "hold: 2 alerts, missing 3 of the 5 firings of the first" in replay.sentence


def test_labelled_runs_are_incidents() -> None:
    wrong = [0, 0, 1, 1, 0, 1, 0, 0]
    table = samples({"w": [90, 10, 10, 90, 10, 10, 10, 10]}, label=wrong)
    [row] = aa.MetricReplay.from_samples(table, rule("now"), label="label").table.to_pylist()
    assert (row["n_incidents"], row["n_incidents_missed"]) == (2, 1)


@pytest.mark.parametrize("series", [{}, {"w": [90.0]}, {"w": [10.0, None]}])
def test_few_samples_are_answered(series: dict[str, list[float | None]]) -> None:
    replay = aa.MetricReplay.from_samples(samples(series), [rule("now"), rule("later", hold_for=MINUTE)])
    assert replay.sentence
    assert len(replay) == 2
    assert replay.alerts(0).n_alerts == replay.table["n_alerts"].to_pylist()[0]


def test_wrong_samples_are_refused_by_name() -> None:
    table = samples({"w": [1.0]})
    with pytest.raises(HistoryError, match="no column 'host'"):
        aa.MetricReplay.from_samples(table, rule("r"), entity="host")
    with pytest.raises(HistoryError, match="expected timestamps"):
        aa.MetricReplay.from_samples(table, rule("r"), time="cpu")
    with pytest.raises(HistoryError, match="each with a name of its own"):
        aa.MetricReplay.from_samples(table, [rule("r"), rule("r")])
    with pytest.raises(HistoryError, match="is no table of samples"):
        aa.MetricReplay.from_samples(3, rule("r"))
    with pytest.raises(HistoryError, match="label='x' is no column"):
        aa.MetricReplay.from_samples(table, rule("r"), label="x")
    with pytest.raises(HistoryError, match="groups by 'x'"):
        aa.MetricReplay.from_samples(samples({"w": [90.0]}), rule("r", group_by=("x",)))
    with pytest.raises(HistoryError, match="is missing in some rows"):
        aa.MetricReplay.from_samples(table.set_column(0, "entity", pa.nulls(1, pa.string())), rule("r"))
    with pytest.raises(ConditionError, match="the samples have no memory"):
        aa.MetricReplay.from_samples(table, aa.AlertRule(name="r", condition="memory > 1", severity="low"))
    with pytest.raises(ConditionError, match="different kinds"):
        aa.MetricReplay.from_samples(table, aa.AlertRule(name="r", condition="cpu = 'x'", severity="low"))


# -- escalation -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [[], ROWS[:1], ROWS])
def test_a_policy_over_little_or_for_nobody(rows: list[Any]) -> None:
    policy = aa.EscalationPolicy((aa.EscalationLevel(("on call",)),), severities=("critical",))
    replay = aa.EscalationReplay.from_alerts(alerts(rows), policy)
    assert replay.sentence == "There is no alert that this policy is for, so nobody would have been paged."
    assert replay.pages().num_rows == replay.alerts(0).n_alerts == 0
    assert replay.settings["n_left_out"] == len(rows)
    with pytest.raises(IndexError):
        replay.pages(1)
    with pytest.raises(HistoryError, match="is no policy"):
        aa.EscalationReplay.from_alerts(alerts(rows), "on call")  # type: ignore[arg-type]


def test_a_policy_is_said_in_words_and_per_week() -> None:
    one = aa.EscalationReplay.from_alerts(alerts(ROWS), aa.EscalationPolicy((aa.EscalationLevel(("on call",)),)))
    assert one.sentence == "7 alerts would have been 7 pages (7.06 a week)."
    still = aa.EscalationReplay.from_alerts(
        pa.table({"rule": ["r"], "fired_at": [START]}), aa.EscalationPolicy((aa.EscalationLevel(("x",)),))
    )
    assert still.table["pages_per_week"].to_pylist() == [None]
    assert "no length" in still.table["note"].to_pylist()[0]
