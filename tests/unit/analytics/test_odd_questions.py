"""Questions that look like others and are not: each had an answer that was wrong, or another library's error."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
import yaml

import alert_analytics as aa
from alert_analytics.analytics.prometheus_rule import prometheus_rule
from alert_analytics.errors import HistoryError

START = datetime(2025, 1, 6)
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
CUT = START + 35 * DAY


def history(n: int, *, every: timedelta = 3 * HOUR, lasting: Any = HOUR, **columns: list[Any]) -> aa.AlertHistory:
    fired = [START + i * every for i in range(n)]
    lasts = lasting if isinstance(lasting, list) else [lasting] * n
    ended = [None if last is None else t + last for t, last in zip(fired, lasts, strict=True)]
    given = {name: pa.array([values[i % len(values)] for i in range(n)]) for name, values in columns.items()}
    times = {"fired_at": pa.array(fired, pa.timestamp("us")), "resolved_at": pa.array(ended, pa.timestamp("us"))}
    return aa.AlertHistory.open(pa.table({**times, **given}))


def test_a_level_without_ends_is_nothing_to_hold_others_to() -> None:
    lasting = [[MINUTE * (30 + 7 * i % 60), MINUTE * (45 + 11 * i % 70), None][i % 3] for i in range(300)]
    asked = aa.ResolutionAnalysis.from_alerts(history(300, lasting=lasting, rule=["a", "b", "c"]))
    with pytest.raises(HistoryError, match="none of its alerts ended"):
        asked.cox("rule", reference={"rule": "c"})
    ratios = {row["level"]: row for row in asked.cox("rule").table.to_pylist()}
    assert [level for level, row in ratios.items() if row["hazard_ratio"] == 1.0] == ["a"]
    assert ratios["b"]["hazard_ratio"] < 1


@pytest.mark.parametrize("name", ["day", "expected", "note", "level_per_day", "weekday", "local_start", "busiest"])
def test_a_label_called_like_a_column_of_a_further_answer_is_refused(name: str) -> None:
    trend = aa.TrendAnalysis.from_alerts(history(60, **{name: ["x", "y"]}), by=name)
    asks: dict[str, Any] = {
        "day": trend.find_change_points,
        "level_per_day": trend.find_change_points,
        "expected": lambda: trend.forecast(2),
        "note": lambda: trend.forecast(2),
    }
    with pytest.raises(HistoryError, match="columns of its own"):
        asks.get(name, trend.seasonality)()


@pytest.mark.parametrize("name", ["end_us", "item_code", "scope_code", "item_known", "scope_known", "latest"])
def test_a_column_called_like_one_of_a_query_is_only_a_column(name: str) -> None:
    asked = history(60, rule=["a", "b"], **{name: [1, 2]})
    assert aa.TrendAnalysis.from_alerts(asked).table["n_alerts"].to_pylist() == [60]
    assert aa.CorrelationAnalysis.from_alerts(asked, window=4 * HOUR).settings["n_items"] == 2


def test_answers_to_different_questions_are_not_compared() -> None:
    asked = history(500)
    before, after = asked.where(until=CUT), asked.where(since=CUT)
    with pytest.raises(HistoryError, match=r"differ in short_s=300\.0 before, 18000\.0 after"):
        aa.compare(
            aa.PerformanceAnalysis.from_alerts(before), aa.PerformanceAnalysis.from_alerts(after, short=5 * HOUR)
        )
    with pytest.raises(HistoryError, match="differ in observed_from"):
        aa.compare(
            aa.ResolutionAnalysis.from_alerts(before),
            aa.ResolutionAnalysis.from_alerts(after, observed_from=CUT + DAY),
        )


def test_curves_that_differ_about_one_mean_are_said_to() -> None:
    lasting = [HOUR if i < 280 else MINUTE * (5 if i % 10 else 555) for i in range(560)]
    asked = history(560, lasting=lasting)
    times = [aa.ResolutionAnalysis.from_alerts(one) for one in (asked.where(until=CUT), asked.where(since=CUT))]
    said = aa.compare(*times).sentence
    assert "the whole curves differ (log-rank, q = " in said
    assert "no change" not in said


def test_a_group_that_is_hardly_ever_resolved_is_not_faster_than_the_only_other() -> None:
    lasting = [None if i % 2 else 26 * MINUTE for i in range(100)]
    said = aa.ResolutionAnalysis.from_alerts(history(100, lasting=lasting, rule=["a", "b"]), by="rule").sentence
    assert said.startswith("Of 2 groups by rule only a has half its alerts resolved: half of 50 alerts")
    assert "slowest" not in said
    lasting = [[26 * MINUTE, HOUR, None][i % 3] for i in range(99)]
    said = aa.ResolutionAnalysis.from_alerts(history(99, lasting=lasting, rule=["a", "b", "c"]), by="rule").sentence
    assert "b is the slowest that has a median" in said


def test_a_single_alert_of_long_ago_is_told_of() -> None:
    fired = pa.array([datetime(1, 1, 1), *(START + i * HOUR for i in range(2000))], pa.timestamp("us"))
    trend = aa.TrendAnalysis.from_alerts(aa.AlertHistory.open(pa.table({"fired_at": fired})))
    for ask in (trend.find_change_points, lambda: trend.forecast(7), trend.seasonality):
        with pytest.raises(HistoryError, match=r"days are counted over 50 years at most.*since="):
            ask()


def test_a_weekday_of_holidays_alone_is_neither_busiest_nor_quietest() -> None:
    mondays = [(START + 7 * i * DAY).date() for i in range(12)]
    row = aa.TrendAnalysis.from_alerts(history(600)).seasonality(holidays=mondays).table.to_pylist()[0]
    assert row["busiest_per_hour"] >= row["quietest_per_hour"] >= 0
    assert "Monday" not in row["busiest"] + row["quietest"]


def test_a_day_that_a_zone_left_out_is_like_its_neighbour() -> None:
    fired = [datetime(2011, 10, 3) + i * 3 * HOUR for i in range(8 * 120)]
    trend = aa.TrendAnalysis.from_alerts(aa.AlertHistory.open(pa.table({"fired_at": pa.array(fired)})))
    row = trend.seasonality(timezone="Pacific/Apia").table.to_pylist()[0]
    assert row["n_days"] == 120
    assert (
        row["busiest_per_hour"] == row["quietest_per_hour"] + 1 == 1
    )  # every third hour has its alert, also next to it


@pytest.mark.parametrize("holidays", [[float("nan")], ["2025-12-25"], [None]])
def test_holidays_that_are_no_dates_are_refused(holidays: list[Any]) -> None:
    with pytest.raises(HistoryError, match=r"holidays has .*; expected dates"):
        aa.TrendAnalysis.from_alerts(history(60)).seasonality(holidays=holidays)


def test_a_window_beyond_a_year_and_links_of_lists_are_refused() -> None:
    asked = history(60, rule=["a", "b"], service=["x", "y"])
    with pytest.raises(HistoryError, match="expected at most 366 days"):
        aa.CorrelationAnalysis.from_alerts(asked, window=timedelta.max)
    links = pa.table({"a": [["x"]], "b": [["y"]]})
    with pytest.raises(HistoryError, match="hold no text"):
        aa.CorrelationAnalysis.from_alerts(asked, within="service", topology=links)


def test_a_ratio_of_times_is_no_time() -> None:
    lasting = [HOUR + MINUTE * (i % 20) if i < 280 else 3 * HOUR + MINUTE * (i % 20) for i in range(560)]
    asked = history(560, lasting=lasting)
    both = [
        aa.PerformanceAnalysis.from_alerts(one, horizon=DAY) for one in (asked.where(until=CUT), asked.where(since=CUT))
    ]
    said = aa.compare(*both).sentence
    assert "MTTR of the first 24 h went from" in said
    assert " times as long (95% interval 2." in said


def test_a_dataframe_of_polars_can_be_replayed() -> None:
    frame = pa.table({"entity": ["a", "a"], "t": [START, START + MINUTE], "load": [1.0, 9.0]})
    rule = aa.AlertRule(name="r", condition="load > 5", severity=aa.AlertSeverity.HIGH)
    given = pl.DataFrame(pl.from_arrow(frame))
    assert aa.MetricReplay.from_samples(given, [rule], entity="entity", time="t").table["n_alerts"].to_pylist() == [1]


def test_names_beyond_the_first_plane_and_templates_stay_what_they_are_in_a_rule() -> None:
    name, label = "fire \U0001f525 \x85", "{{ query }}"
    change = aa.RuleChange(hold=5 * MINUTE)
    text = prometheus_rule(name, "up == 0", change, hold=MINUTE, labels={"team": label}, why="w")
    [rule] = yaml.safe_load(text)["groups"][0]["rules"]
    assert (rule["alert"], rule["for"]) == (name, "6m")
    assert rule["labels"]["team"] == '{{ "{{" }} query }}'
    with pytest.raises(HistoryError, match="at least 0"):
        prometheus_rule(name, "up == 0", change, hold=-MINUTE, labels={}, why="w")


def test_one_group_is_no_choice_among_groups() -> None:
    said = aa.PerformanceAnalysis.from_alerts(history(30, rule=["a"]), by="rule").sentence
    assert said.startswith("a, the only group by rule: 30 alerts, ")
    assert "has the most" not in said


def test_mean_times_are_compared_up_to_one_horizon_the_smaller() -> None:
    """The stretch after is short and has slow alerts that still are open: by itself its means are up to less."""
    lasting = [HOUR + MINUTE * (i % 50) if i < 240 or i % 4 else None for i in range(256)]
    fired = [START + i * 3 * HOUR for i in range(256)]
    asked = history(256, lasting=lasting)
    taken = [None if i % 3 else t + 20 * MINUTE + i * MINUTE / 10 for i, t in enumerate(fired)]
    table = asked.to_arrow()
    place = table.column_names.index("acknowledged_at")
    asked = aa.AlertHistory.open(table.set_column(place, "acknowledged_at", pa.array(taken, pa.timestamp("us"))))
    cut = START + 240 * 3 * HOUR
    before, after = (
        aa.PerformanceAnalysis.from_alerts(one) for one in (asked.where(until=cut), asked.where(since=cut))
    )
    rows = {row["metric"]: row for row in aa.compare(before, after).table.to_pylist()}
    for name in ("mtta", "mttr"):
        horizons = [one.horizons_s[name] for one in (before, after)]
        assert None not in horizons
        assert horizons[0] != horizons[1]
        smaller = min(one for one in horizons if one is not None)
        [found] = [row for metric, row in rows.items() if metric.startswith(f"{name}_s of the first ")]
        for part, stretch in (("before", asked.where(until=cut)), ("after", asked.where(since=cut))):
            alone = aa.PerformanceAnalysis.from_alerts(stretch, horizon=timedelta(seconds=smaller))
            assert found[part] == pytest.approx(alone.table[f"{name}_s"].to_pylist()[0])
        assert found["change"] is not None
    apart = [row for row in rows.values() if row["note"] and "there is none" in row["note"]]
    assert apart == []


def test_groups_are_compared_with_themselves_up_to_one_horizon() -> None:
    lasting = [(1 + i % 2) * HOUR if i < 400 or i % 4 else None for i in range(460)]
    asked = history(460, lasting=lasting, rule=["a", "b"])
    cut = START + 400 * 3 * HOUR
    before, after = (
        aa.PerformanceAnalysis.from_alerts(one, by="rule") for one in (asked.where(until=cut), asked.where(since=cut))
    )
    found = [row for row in aa.compare(before, after).table.to_pylist() if row["metric"].startswith("mttr_s")]
    assert {row["rule"]: row["before"] for row in found} == {"a": 3600.0, "b": 7200.0}


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ({"timezone": "UTC"}, {"timezone": "Asia/Tokyo"}, "timezone='UTC' before, 'Asia/Tokyo' after"),
        ({"timezone": {None: "UTC"}}, {"timezone": {None: "Asia/Tokyo"}}, "Asia/Tokyo"),
        ({"holidays": ["2025-01-06"]}, {"holidays": ["2025-03-03"]}, "holidays="),
        ({"holidays": ["2025-01-06"]}, {}, "holidays="),
    ],
)
def test_hours_on_different_clocks_are_not_compared(before: Any, after: Any, said: str) -> None:
    asked = history(500, assignee=[f"p{i}" for i in range(6)])
    halves = [(asked.where(until=CUT), before), (asked.where(since=CUT), after)]
    with pytest.raises(HistoryError, match=f"two answers to one question; they differ in .*{said}"):
        aa.compare(*(aa.WorkloadAnalysis.from_alerts(half, by=None, **given) for half, given in halves))
    alike = [aa.WorkloadAnalysis.from_alerts(half, by=None, **after) for half, _ in halves]
    assert aa.compare(*alike).table.num_rows > 0


def test_zones_of_persons_are_compared_but_not_told() -> None:
    load = aa.WorkloadAnalysis.from_alerts(history(9, assignee=["ann"]), timezone={"ann": "Asia/Tokyo"})
    assert "ann" not in str(load.settings)


@pytest.mark.parametrize("analysis", [aa.PerformanceAnalysis, aa.ResolutionAnalysis])
@pytest.mark.parametrize("by", ["assignee", ["team", "assignee"]])
def test_how_single_persons_did_is_told_only_when_asked(analysis: Any, by: Any) -> None:
    asked = history(60, assignee=["ann", "bob", None], team=["red", "blue"])
    with pytest.raises(HistoryError, match="fewer than 5 people are not shown unless asked") as refused:
        analysis.from_alerts(asked, by=by)
    assert "ann" not in str(refused.value)
    assert "ann" in analysis.from_alerts(asked, by=by, suppress_below=1).table["assignee"].to_pylist()
    with pytest.raises(HistoryError, match="number of people"):
        analysis.from_alerts(asked, suppress_below=0)


def test_nor_by_a_hazard_or_a_target_of_theirs() -> None:
    asked = history(60, lasting=[MINUTE * (30 + i) for i in range(60)], assignee=["ann", "bob"])
    times, shown = (aa.ResolutionAnalysis.from_alerts(asked, suppress_below=below) for below in (5, 1))
    for ask in (lambda one: one.cox("assignee"), lambda one: one.sla({"ann": HOUR}, column="assignee")):
        with pytest.raises(HistoryError, match="a row of each person"):
            ask(times)
        assert "ann" in str(ask(shown).table.to_pylist())
    policy = aa.IncidentPolicy(by=["assignee"], gap=HOUR)
    with pytest.raises(HistoryError, match="a row of each person"):
        aa.IncidentAnalysis.from_alerts(asked, policy, by="assignee")


def test_a_report_s_load_is_on_the_clock_it_was_asked_for() -> None:
    asked = history(400, assignee=[f"p{i}" for i in range(6)], team=["red"])
    report, utc = (aa.AlertAnalytics(timezone=zone).run(asked) for zone in ("Asia/Kolkata", "UTC"))
    assert report.settings["timezone"] == "Asia/Kolkata"
    loads = [one.chapters["Who carries the load"] for one in (report, utc)]
    assert "Hours in Asia/Kolkata" in loads[0].sentence
    direct = aa.WorkloadAnalysis.from_alerts(asked, by="team", timezone="Asia/Kolkata")
    assert loads[0].table.equals(direct.table)
    assert not loads[0].table.equals(loads[1].table)
    assert aa.AlertAnalytics(timezone="Asia/Kolkata").run(asked.where(until="2000-01-01")).chapters
    with pytest.raises(HistoryError, match="'Mars' is no time zone"):
        aa.AlertAnalytics(timezone="Mars")


@pytest.mark.parametrize("zone", ["Mars", "Europe", "", "../etc", None])
def test_every_question_about_a_zone_gets_one_answer(zone: Any) -> None:
    asked = history(9)
    asks: list[Any] = [
        lambda: aa.WorkloadAnalysis.from_alerts(asked, timezone=zone),
        lambda: aa.WorkloadAnalysis.from_alerts(asked, timezone={None: zone}),
        lambda: aa.TrendAnalysis.from_alerts(asked).seasonality(zone),
        lambda: aa.AlertAnalytics(timezone=zone),
    ]
    for ask in asks:
        with pytest.raises(HistoryError, match="no time zone that is known here") as refused:
            ask()
        assert "IANA name" in str(refused.value.hint)


def test_seasonality_counts_the_alerts_of_whole_days_alone() -> None:
    asked = history(30 * 8, every=3 * HOUR).where(since=START + 5 * HOUR)
    row = aa.TrendAnalysis.from_alerts(asked).seasonality().table.to_pylist()[0]
    assert row["n_alerts"] == 8 * row["n_days"] < asked.n_alerts


def test_a_level_that_is_called_none_or_others_is_not_those_without_a_value() -> None:
    lasting = [MINUTE * (30 + 7 * i % 60) for i in range(400)]
    asked = aa.ResolutionAnalysis.from_alerts(history(400, lasting=lasting, shift=["(none)", None, "a"]))
    rows = {row["level"]: row["n_alerts"] for row in asked.cox("shift").table.to_pylist()}
    assert rows == {"(none)": 134, "((none))": 133, "a": 133}
    ratios = asked.cox("shift", reference={"shift": "((none))"})
    missing = [row["level"] for row in ratios.table.to_pylist()].index("((none))")
    assert ratios.alerts(missing).n_alerts == 133
    names = ["(others)", *(f"r{i:02}" for i in range(39))]
    ratios = aa.ResolutionAnalysis.from_alerts(history(400, lasting=lasting, rule=names)).cox("rule")
    levels = {row["level"]: row["n_alerts"] for row in ratios.table.to_pylist()}
    assert levels["(others)"] == 10
    assert levels["((others))"] == 110


@pytest.mark.parametrize("kind", [pa.int64(), pa.uint64(), pa.decimal128(38, 0)])
def test_large_whole_numbers_are_told_apart(kind: pa.DataType) -> None:
    large = 2**53
    times = pa.array([START, START + HOUR, START + DAY], pa.timestamp("us"))
    numbers = pa.array([large, large + 1, 7], pa.int64()).cast(kind)
    asked = aa.AlertHistory.open(pa.table({"fired_at": times, "n": numbers}))
    for wanted in (large + 1, str(large + 1), [large + 1, 0.5], [large + 1, 10**60, -1]):
        assert asked.where({"n": wanted}).to_arrow()["n"].to_pylist() == [large + 1]
    assert asked.where({"n": [7.0, "7", 10**60]}).n_alerts == 1
    assert asked.where({"n": 10**30}).n_alerts == 0


def test_one_of_a_thing_is_said_of_one() -> None:
    frame = pa.table({"entity": ["a"], "t": [START], "load": [1.0]})
    rule = aa.AlertRule(name="r", condition="load > 5", severity=aa.AlertSeverity.HIGH)
    replay = aa.MetricReplay.from_samples(frame, [rule], "entity", "t")
    assert "told 0 alerts on 1 sample of 1 entity" in replay.sentence
    asked = history(40, every=DAY, lasting=[HOUR] * 39 + [None], rule=["a"])
    times = aa.ResolutionAnalysis.from_alerts(asked, by="rule")
    assert "(the first of 1 group by rule)" in times.competing().sentence
    assert " 1 of 40 alerts is too young to tell." in times.sla(30 * DAY).sentence
    lone = aa.ResolutionAnalysis.from_alerts(history(1)).between_looks(MINUTE)
    assert "1 of 1 end lies between two" in lone.sentence
    assert "Of 1 group by rule the slowest is a" in aa.IncidentAnalysis.from_alerts(asked, by="rule").sentence
    by_day = pa.array([START + i * DAY + hour * HOUR for i in range(40) for hour in range(8, 20)], pa.timestamp("us"))
    assert "1 alert an hour" in aa.TrendAnalysis.from_alerts(pa.table({"fired_at": by_day})).seasonality().sentence
    assert "1 alert a day is expected" in aa.TrendAnalysis.from_alerts(history(120, every=DAY)).forecast(3).sentence
    assert "but 1 holiday" in aa.WorkloadAnalysis.from_alerts(asked, responder="rule", holidays=["2025-01-08"]).sentence
