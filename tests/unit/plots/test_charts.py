from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from datetime import datetime, timedelta
from importlib.machinery import ModuleSpec
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import alert_analytics as aa
from alert_analytics import (
    AlertAnalytics,
    CorrelationAnalysis,
    PerformanceAnalysis,
    Recommendations,
    ResolutionAnalysis,
    TrendAnalysis,
    WorkloadAnalysis,
)
from alert_analytics.analytics import Result
from alert_analytics.errors import HistoryError, MissingDependencyError
from alert_analytics.history import AlertHistory

pytest.importorskip("altair")
vl_convert = pytest.importorskip("vl_convert")

START = datetime(2025, 1, 6)
HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)
HOSTILE = ['<script>alert("x")</script>', "a.b[0]", 'it\'s \\ "quoted"', "datum.x ? 1 : 2", "line\nbreak", "Überlast ☠"]


def history(names: Sequence[str | None], days: int = 70, **more: Any) -> AlertHistory:
    """Each name fires every three hours in turn and is resolved after a few; the last ones are open."""
    n = days * 8
    fired = [START + i * 3 * HOUR for i in range(n)]
    resolved = [None if i > n - 20 or i % 11 == 0 else t + (1 + i % 5) * HOUR for i, t in enumerate(fired)]
    columns = {
        "rule": pa.array([names[i % len(names)] or "none" for i in range(n)], pa.string()),
        "service": pa.array([names[i % len(names)] for i in range(n)], pa.string()),
        "fired_at": pa.array(fired, pa.timestamp("us")),
        "resolved_at": pa.array(resolved, pa.timestamp("us")),
    }
    return AlertHistory.open(pa.table(columns | more))


def cascade(leader: str, follower: str) -> AlertHistory:
    rng = np.random.default_rng(5)
    rows = []
    for i in range(100):
        at = START + i * 12 * HOUR + timedelta(hours=float(rng.uniform(0, 11)))
        rows += [(leader, at), (follower, at + timedelta(seconds=60))]
    return AlertHistory.open(pa.table({"rule": [rule for rule, _ in rows], "fired_at": [at for _, at in rows]}))


def values(result: Result) -> list[dict[str, Any]]:
    """The rows drawn, after the specification has been checked against Vega-Lite's schema."""
    spec = result.plot().to_dict(validate=True)
    data: list[dict[str, Any]] = spec["datasets"][spec["data"]["name"]]
    return data


def drawn(result: Result) -> None:
    png = vl_convert.vegalite_to_png(result.plot().to_json())
    assert png.startswith(b"\x89PNG")
    assert len(png) > 1_000


@pytest.mark.parametrize("by", [None, "service", ["service", "tenant_id"]])
def test_a_trend_s_chart_draws_its_whole_buckets(by: list[str] | None) -> None:
    trend = TrendAnalysis.from_alerts(history(["db", "web", None]), by=by, bucket=DAY, window_size=7)
    rows = values(trend)
    whole = [row for row in trend.series.to_pylist() if row["is_whole"]]
    assert len(rows) == len(whole)
    assert sum(row["n_alerts"] for row in rows) == sum(row["n_alerts"] for row in whole)
    wanted = {
        None: {"all alerts"},
        "service": {"db", "web", "(none)"},
    }.get(by if not isinstance(by, list) else "", {"db / default", "web / default", "(none) / default"})
    assert {row["series"] for row in rows} == wanted
    # Vega would read a time without a zone in the reader's own.
    assert {row["bucket_start"][-1] for row in rows} == {"Z"}
    assert min(row["bucket_start"] for row in rows) == "2025-01-06T00:00:00.000000Z"
    if by == "service":
        drawn(trend)


@pytest.mark.parametrize("by", [None, "service"])
def test_a_resolution_s_chart_draws_its_curve(by: str | None) -> None:
    resolution = ResolutionAnalysis.from_alerts(history(["db", "web", None]), by=by)
    rows = values(resolution)
    curve = resolution.curve().to_pylist()
    shown = sorted((row["time_h"], row["survival"], row["low"] is None) for row in rows)
    assert shown == sorted(
        (row["time_s"] / 3600, row["survival"], row["low"] is None) for row in curve if row["time_s"] > 0
    )
    assert {row["series"] for row in rows} == ({"db", "web", "(none)"} if by else {"all alerts"})
    if by:
        drawn(resolution)


def test_a_correlation_s_chart_draws_what_is_more_than_chance() -> None:
    pairs = CorrelationAnalysis.from_alerts(cascade("network", "database"))
    [row] = pairs.table.to_pylist()
    assert values(pairs) == [
        {
            "pair": "network → database",
            "followed": row["n_bursts_together"] / row["n_bursts"],
            "by_chance": row["expected"] / row["n_bursts"],
            "strength": row["strength"],
            "median_lag_s": 60.0,
        }
    ]
    drawn(pairs)


def test_the_sample_s_pairs_are_drawn_strongest_first_with_their_shares() -> None:
    pairs = CorrelationAnalysis.from_alerts(aa.datasets.sample())
    found = [row for row in pairs.table.to_pylist() if row["q_value"] is not None and row["q_value"] < 0.05]
    assert [(row["followed"], row["by_chance"]) for row in values(pairs)] == [
        (row["n_bursts_together"] / row["n_bursts"], row["expected"] / row["n_bursts"]) for row in found
    ]


def layers(chart: Any) -> list[list[dict[str, Any]]]:
    """The rows of each layer, after the specification has been checked and drawn."""
    spec = chart.to_dict(validate=True)
    assert vl_convert.vegalite_to_png(chart.to_json()).startswith(b"\x89PNG")
    return [spec["datasets"][layer["data"]["name"]] if "data" in layer else [] for layer in spec["layer"]]


def test_the_graph_is_drawn_with_heads_where_the_direction_is_known() -> None:
    pairs = CorrelationAnalysis.from_alerts(aa.datasets.sample())
    edges = pairs.graph().to_pylist()
    rules, heads, dots, right, left = layers(pairs.plot("graph"))
    assert [(row["pair"], row["strength"]) for row in rules] == [
        (f"{edge['leader']} → {edge['follower']}", edge["strength"]) for edge in edges
    ]
    assert len(heads) == sum(edge["directed"] for edge in edges)
    place = {row["name"]: (row["x"], row["y"]) for row in dots}
    assert {row["name"] for row in [*right, *left]} == set(place)
    for edge, row in zip(edges, rules, strict=True):
        assert ((row["x"], row["y"]), (row["to_x"], row["to_y"])) == (place[edge["leader"]], place[edge["follower"]])


def test_an_empty_graph_and_a_grid_without_pairs_are_drawn() -> None:
    none = CorrelationAnalysis.from_alerts(history(["a", "b"]))
    assert [len(rows) for rows in layers(none.plot("graph"))] == [0] * 5
    none.plot("strength").to_dict(validate=True)


def test_the_grid_shows_strengths_of_what_is_more_than_chance() -> None:
    pairs = CorrelationAnalysis.from_alerts(aa.datasets.sample())
    chart = pairs.plot("strength").to_dict(validate=True)
    rows = next(iter(chart["datasets"].values()))
    assert {(row["leader"], row["follower"]) for row in rows if row["kept"]} == {
        (edge["leader"], edge["follower"]) for edge in pairs.graph().to_pylist()
    }
    assert len(rows) == sum(q is not None and q < 0.05 for q in pairs.table["q_value"].to_pylist())


def test_the_lags_of_a_pair_are_drawn() -> None:
    lags = CorrelationAnalysis.from_alerts(cascade("network", "database")).lags(0)
    rows = values(lags)
    assert [row["n_bursts"] for row in rows] == lags.table["n_bursts"].to_pylist()
    assert sum(row["n_bursts"] for row in rows) == 100
    drawn(lags)


def test_a_picture_that_there_is_not_is_said() -> None:
    pairs = CorrelationAnalysis.from_alerts(cascade("network", "database"))
    with pytest.raises(HistoryError, match="'pie'; a correlation draws 'pairs', 'graph', 'strength'"):
        pairs.plot("pie")  # type: ignore[arg-type]


@pytest.mark.parametrize("names", [HOSTILE[:3], HOSTILE[3:]])
def test_names_are_drawn_as_they_are_and_nothing_else(names: list[str]) -> None:
    mine = history(names)
    for result in (TrendAnalysis.from_alerts(mine, by="service"), ResolutionAnalysis.from_alerts(mine, by="service")):
        assert {row["series"] for row in values(result)} == set(names)
    pairs = CorrelationAnalysis.from_alerts(cascade(names[0], names[1]))
    assert values(pairs)[0]["pair"] == f"{names[0]} → {names[1]}"
    drawn(pairs)


@pytest.mark.parametrize("label", ["series", "n.alerts", "a'b\"c", "<b>"])
def test_a_label_may_be_called_like_what_is_drawn(label: str) -> None:
    n = 70 * 8
    hosts = pa.array([[(label, f"h{i % 2}")] for i in range(n)], pa.map_(pa.string(), pa.string()))
    mine = history(["db"], labels=hosts)
    for result in (TrendAnalysis.from_alerts(mine, by=label), ResolutionAnalysis.from_alerts(mine, by=label)):
        assert {row["series"] for row in values(result)} == {"h0", "h1"}


def test_of_many_series_six_are_drawn() -> None:
    names = [f"s{i}" for i in range(9) for _ in range(i + 1)]
    mine = history(names)
    trend = TrendAnalysis.from_alerts(mine, by="service")
    assert {row["series"] for row in values(trend)} == set(trend.table["service"].to_pylist()[:6])
    resolution = ResolutionAnalysis.from_alerts(mine, by="service")
    assert {row["series"] for row in values(resolution)} == {f"s{i}" for i in range(3, 9)}


def test_a_long_curve_is_thinned_to_its_first_and_last_step() -> None:
    resolution = ResolutionAnalysis.from_alerts(aa.datasets.sample())
    rows = values(resolution)
    assert len(rows) == 400
    curve = resolution.curve()["time_s"].to_pylist()
    assert [rows[0]["time_h"], rows[-1]["time_h"]] == [curve[0] / 3600, curve[-1] / 3600]


@pytest.mark.slow
def test_hours_of_many_weeks_fit_into_a_chart() -> None:
    trend = TrendAnalysis.from_alerts(aa.datasets.sample().tenant("acme"), by="team", bucket=HOUR)
    assert len(values(trend)) > 5_000 * 2  # Altair's own limit is 5,000
    assert trend.plot().to_dict()["title"]["subtitle"] == "thin: per hour; bold: mean over 24 hours"


def test_an_odd_bucket_is_named_by_its_length() -> None:
    title = TrendAnalysis.from_alerts(history(["db"]), bucket=6 * HOUR).plot().to_dict()["title"]
    assert title["subtitle"] == "thin: per 6:00:00; bold: mean over 24 buckets"


def test_the_sentence_is_the_title_wrapped() -> None:
    trend = TrendAnalysis.from_alerts(history(["db"]))
    title = trend.plot().to_dict()["title"]["text"]
    assert " ".join(title) == trend.sentence
    assert max(map(len, title)) <= 95


@pytest.mark.parametrize("by", [None, "rule"])
def test_empty_results_have_an_empty_picture(by: str | None) -> None:
    empty = aa.datasets.sample().where({"rule": ["nothing"]})
    for result in (
        TrendAnalysis.from_alerts(empty, by=by),
        ResolutionAnalysis.from_alerts(empty, by=by),
        CorrelationAnalysis.from_alerts(empty),
    ):
        assert values(result) == []
        if by is None:
            drawn(result)


def test_alerts_in_one_instant_and_alerts_that_end_as_they_begin_are_drawn_as_nothing() -> None:
    one = pa.table({"rule": ["r"], "fired_at": [START], "resolved_at": [START]})
    for result in (TrendAnalysis.from_alerts(one), ResolutionAnalysis.from_alerts(one)):
        assert values(result) == []
        drawn(result)


def test_pairs_without_a_p_value_are_not_drawn() -> None:
    few = cascade("network", "database").where(until=START + 5 * DAY)
    pairs = CorrelationAnalysis.from_alerts(few)
    assert len(pairs) > 0
    assert values(pairs) == []


def test_recommendations_are_drawn_with_the_largest_saving_first() -> None:
    found = Recommendations.from_alerts(aa.datasets.sample())
    shown = [(row["item"], row["kind"], row["saved"], row["low"], row["high"], row["missed"]) for row in values(found)]
    assert shown == [
        (
            *(row[name] for name in ("item", "kind", "saved_per_week", "saved_low", "saved_high")),
            f"missed: {row['n_missed']:,}",
        )
        for row in found.table.to_pylist()
    ]
    drawn(found)
    nothing = Recommendations.from_alerts(history(["db"]))
    assert values(nothing) == []
    drawn(nothing)


def test_a_rule_replay_is_drawn_by_what_became_of_its_alerts() -> None:
    replay = aa.RuleReplay.from_alerts(aa.datasets.sample(), aa.RuleChange(hold=10 * MINUTE))
    row = replay.table.to_pylist()[1]
    fates = {one["fate"]: one["n"] for one in values(replay) if one["item"] == row["item"]}
    assert fates["told"] == row["n_alerts"] - row["n_saved"]
    assert fates["saved"] + fates["missed"] == row["n_saved"]
    assert fates["missed"] == row["n_missed"] > 0
    drawn(replay)
    drawn(aa.RuleReplay.from_alerts(history(["db"]).where({"rule": "nothing"}), aa.RuleChange(delete=True)))


def test_a_metric_replay_is_drawn_by_rule() -> None:
    def rule(name: str, hold: timedelta) -> aa.AlertRule:
        return aa.AlertRule(name=name, condition="cpu_percent > 65", severity="high", hold_for=hold)  # type: ignore[arg-type]

    rules = [rule("now", timedelta(0)), rule("later", 15 * MINUTE)]
    replay = aa.MetricReplay.from_samples(aa.datasets.sample_metrics(), rules)
    told = [one["n"] for one in values(replay) if one["fate"] == "told"]
    assert told == replay.table["n_alerts"].to_pylist()
    drawn(replay)


@pytest.mark.parametrize("days", [10, 112])
def test_pages_are_drawn_over_time_by_level(days: int) -> None:
    policy = aa.EscalationPolicy(
        (aa.EscalationLevel(("on call",)), aa.EscalationLevel(("lead",), 30 * MINUTE)), repeat=1
    )
    some = aa.datasets.sample().where(until=datetime(2025, 9, 1) + days * DAY)
    replay = aa.EscalationReplay.from_alerts(some, policy)
    assert sum(one["n"] for one in values(replay)) == sum(replay.table["n_pages"].to_pylist())
    drawn(replay)
    drawn(aa.EscalationReplay.from_alerts(some.where({"rule": "nothing"}), policy))


def test_incidents_are_drawn_by_their_medians() -> None:
    found = aa.IncidentAnalysis.from_alerts(aa.datasets.sample().tenant("acme"), by="service")
    spec = found.plot().to_dict(validate=True)
    points, bars = (spec["datasets"][layer["data"]["name"]] for layer in spec["layer"])
    assert {(row["series"], row["until"]): row["h"] * 3600 for row in points} == {
        (row["service"], done): pytest.approx(row[f"time_to_{verb}_median_s"])
        for row in found.table.to_pylist()
        for verb, done in (("acknowledge", "acknowledged"), ("resolve", "resolved"))
    }
    assert all(row["low"] < row["h"] < row["high"] for row in bars)
    assert "".join(spec["title"]["text"]).replace(" ", "") == found.sentence.replace(" ", "")
    drawn(found)
    drawn(aa.IncidentAnalysis.from_alerts(history(["db"]).where({"rule": "nothing"})))


@pytest.mark.parametrize("by", [None, "service"])
def test_cycles_changes_days_ahead_and_comparisons_are_drawn(by: str | None) -> None:
    mine = aa.datasets.sample().tenant("acme")
    trend = TrendAnalysis.from_alerts(mine, by=by)
    seasonality, changes, forecast = trend.seasonality("Europe/Berlin"), trend.change_points, trend.forecast(10)
    week = values(seasonality)
    assert [row["alerts_per_hour"] for row in week] == seasonality.profile["alerts_per_hour"].to_pylist()[:168]
    for result, n in ((changes, changes.daily().num_rows), (forecast, 10)):
        spec = result.plot().to_dict(validate=True)
        layers = [spec["datasets"][layer["data"]["name"]] for layer in spec["layer"]]
        assert n in map(len, layers)
        assert all(row["day"].endswith("T00:00:00Z") for rows in layers for row in rows if "day" in row)
    cut = "2025-11-01"
    parts = [TrendAnalysis.from_alerts(one, by=by) for one in (mine.where(until=cut), mine.where(since=cut))]
    change = aa.compare(*parts)
    spec = change.plot().to_dict(validate=True)
    drawn_rows = spec["datasets"][spec["layer"][1]["data"]["name"]]
    assert [row["change"] for row in drawn_rows] == change.table["change"].to_pylist()
    for result in (seasonality, changes, forecast, change):
        drawn(result)


def test_parts_of_an_empty_trend_have_an_empty_picture() -> None:
    trend = TrendAnalysis.from_alerts(aa.datasets.sample().where({"rule": ["nothing"]}))
    for result in (
        trend.seasonality(),
        trend.change_points,
        trend.forecast(3),
        aa.compare(*[TrendAnalysis.from_alerts(AlertHistory.open([]))] * 2),
    ):
        drawn(result)


def test_a_report_that_reaches_back_no_further_draws_nothing() -> None:
    drawn = AlertAnalytics().run(history(["db"])).plot().to_dict()
    assert drawn["title"]["text"][0].startswith("In the last")


def test_without_altair_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec

    def hidden(name: str, package: str | None = None) -> ModuleSpec | None:
        return None if name == "altair" else found(name, package)

    monkeypatch.setattr("alert_analytics.plots.find_spec", hidden)
    with pytest.raises(MissingDependencyError, match=r"Charts need Altair.*alert-analytics\[viz\]"):
        TrendAnalysis.from_alerts(history(["db"])).plot()


def test_a_performance_s_chart_draws_known_shares_with_their_intervals() -> None:
    performance = PerformanceAnalysis.from_alerts(history(["db", "web", None]), by="service", of="service")
    rows = [row for layer in performance.plot().to_dict(validate=True)["datasets"].values() for row in layer]
    assert {row["series"] for row in rows} == {"db", "web", "(none)"}
    assert {row["share"] for row in rows} == {"short", "fired again", "flapping"}  # nobody acknowledges
    assert all(row["low"] <= row["value"] <= row["high"] for row in rows)
    drawn(performance)


def test_a_load_s_charts_draw_interruptions_and_open_alerts() -> None:
    names = ["db", "web"]
    people = pa.array([f"{names[i % 2]}{i % 7}" for i in range(560)])
    load = WorkloadAnalysis.from_alerts(history(names, assignee=people), by="service", suppress_below=1)
    spec = load.plot().to_dict(validate=True)
    rows = [row for layer in spec["datasets"].values() for row in layer if "per_week" in row]
    total = {row["service"]: row["interruptions_per_week"] for row in load.table.to_pylist()}
    for service, per_week in total.items():
        assert sum(row["per_week"] for row in rows if row["series"] == service) == pytest.approx(per_week)
    [week] = load.plot("week").to_dict(validate=True)["datasets"].values()
    assert len(week) == 168
    assert sum(row["n_interruptions"] for row in week) == sum(load.table["n_interruptions"].to_pylist())
    times = [row for layer in load.plot("open").to_dict(validate=True)["datasets"].values() for row in layer]
    assert {row["series"] for row in times} == set(names)
    assert {row["bucket_start"][-1] for row in times} == {"Z"}
    for what in ("hours", "week", "open"):
        assert vl_convert.vegalite_to_png(load.plot(what).to_json()).startswith(b"\x89PNG")
    with pytest.raises(HistoryError, match="hours, week, open"):
        load.plot("pie")


def test_what_is_not_to_be_shown_is_not_drawn() -> None:
    people = pa.array(["ann" if i % 2 else "bob" for i in range(560)])
    load = WorkloadAnalysis.from_alerts(history(["db"], assignee=people), by="service")
    for what in ("hours", "week", "open"):
        text = load.plot(what).to_json()
        assert "ann" not in text.replace("annot", "")
        png = vl_convert.vegalite_to_png(text)
        assert png.startswith(b"\x89PNG")


def test_what_is_asked_of_times_is_drawn() -> None:
    n = 8 * 70
    ends = pa.array([["automatic", "manual"][i % 2] for i in range(n)], pa.string())
    severities = pa.array([["low", "high"][i % 3 == 0] for i in range(n)], pa.string())
    mine = history(["db", "web", None], resolution=ends, severity=severities)
    resolution = ResolutionAnalysis.from_alerts(mine)
    by = ResolutionAnalysis.from_alerts(mine, by="service")
    rows = values(resolution.competing())
    assert {row["resolution"] for row in rows} == {"automatic", "manual"}
    assert max(row["to"] for row in rows) <= 1 + 1e-9
    assert [row["series"] for row in values(by.sla(2 * HOUR))] == [
        row["service"] or "(none)" for row in by.sla(2 * HOUR).table.to_pylist()
    ]
    answers: list[Result] = [resolution.competing(), by.competing(), resolution.cox(["severity", "service"])]
    for answer in [*answers, by.sla(2 * HOUR), resolution.sla({"low": HOUR}), by.between_looks(HOUR)]:
        drawn(answer)


def test_a_ratio_is_drawn_with_what_it_is_held_to() -> None:
    spec = ResolutionAnalysis.from_alerts(aa.datasets.sample()).cox("severity").plot().to_dict(validate=True)
    rows = [row for data in spec["datasets"].values() for row in data if "kind" in row]
    assert {row["name"] for row in rows if row["kind"] == "held to"} == {"severity: low"}
    assert len({row["name"] for row in rows}) == 5


def test_nothing_asked_of_times_is_drawn_too() -> None:
    empty = history(["db"]).where({"service": ["none"]})
    resolution = ResolutionAnalysis.from_alerts(empty)
    answers: list[Result] = [resolution.competing(), resolution.cox("service"), resolution.sla(HOUR)]
    for answer in [*answers, resolution.between_looks(HOUR)]:
        drawn(answer)
