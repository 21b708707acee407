"""When simulated alerts fire: rates, cycles, load, trends, bursts, storms, cascades."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest

from alert_analytics.simulation import Cascade, HistorySpec, Rule, Service, Storm, Tenant, simulate_history
from alert_analytics.simulation.firing import CAUSES, cycle, fire, load_factors
from alert_analytics.simulation.truth import firings_per_day

PLAIN = HistorySpec(
    (Tenant("acme"),),
    (Service("db", "data"),),
    (Rule("A", "db", "high", 30.0), Rule("B", "db", "low", 10.0)),
    days=70,
    load_sigma=0.0,
)


def fired(spec: HistorySpec, seed: int) -> dict[str, np.ndarray]:
    """Days since the start at which each rule fired."""
    firings = fire(spec, np.random.default_rng(seed))
    return {rule.name: firings.at_ms[firings.rule == i] / 86_400_000 for i, rule in enumerate(spec.rules)}


def test_rates_are_those_of_the_rules_and_shares() -> None:
    spec = replace(PLAIN, tenants=(Tenant("acme"), Tenant("globex", 0.25)))
    firings = fire(spec, np.random.default_rng(1))
    counts = np.array([[((firings.tenant == t) & (firings.rule == r)).sum() for r in (0, 1)] for t in (0, 1)])
    expected = 70 * np.array([[30.0, 10.0], [7.5, 2.5]])
    assert np.all(np.abs(counts - expected) < 4 * np.sqrt(expected))


def test_the_cycle_has_mean_one_and_peaks_at_the_hour() -> None:
    spec = replace(PLAIN, start=datetime(2024, 1, 3, 6), peak_hour=14.0)  # a Wednesday, at 6
    hours = np.arange(0, 7 * 24, 0.25)
    factor = cycle(spec, hours)
    assert factor.mean() == pytest.approx(1.0)
    assert hours[:96][np.argmax(factor[:72])] == 8.0
    saturday, wednesday = 2 * 24 + 18 + 14, 8
    assert cycle(spec, np.array([saturday]))[0] / factor[wednesday * 4] == pytest.approx(0.6)


def test_firings_follow_the_cycle() -> None:
    at = fired(replace(PLAIN, daily_amplitude=0.9, peak_hour=12.0), 2)["A"]
    hour = (at % 1.0) * 24
    assert np.mean(np.cos(2 * np.pi * (hour - 12) / 24)) == pytest.approx(0.45, abs=0.05)  # half the amplitude
    weekday = np.floor(at).astype(int) % 7
    assert np.mean(weekday >= 5) == pytest.approx(1.15 / 6.1, abs=0.03)


def test_the_load_has_mean_one_and_its_correlation_time() -> None:
    spec = replace(PLAIN, tenants=tuple(Tenant(f"t{i}") for i in range(40)), load_sigma=0.5, load_hours=6.0)
    load = load_factors(spec, np.random.default_rng(3), np.arange(70 * 24.0))
    z = (np.log(load) + 0.125) / 0.5
    assert load.mean() == pytest.approx(1.0, abs=0.03)
    assert z.std() == pytest.approx(1.0, abs=0.05)
    assert np.mean(z[:, :-6] * z[:, 6:]) == pytest.approx(np.exp(-1.0), abs=0.05)


def test_the_load_over_disperses_and_is_shared_by_the_rules_of_a_tenant() -> None:
    spec = replace(PLAIN, load_sigma=0.6, load_hours=24.0, daily_amplitude=0.0, weekday_load=(1.0,) * 7)
    daily = np.array([np.histogram(at, bins=np.arange(71))[0] for at in fired(spec, 4).values()])
    assert daily[0].var() > 3 * daily[0].mean()
    assert np.corrcoef(daily)[0, 1] > 0.4


def test_the_planted_slope_is_that_of_the_expected_counts() -> None:
    spec = replace(
        PLAIN,
        services=(Service("db", "data", slope_per_day=0.4),),
        rules=(Rule("A", "db", "high", 20.0), Rule("B", "db", "low", 5.0, repeats=2.0)),
        cascades=(Cascade("A", "B", 0.5),),
    )
    weekly = np.zeros(10)
    for seed in range(20):
        at = np.concatenate(list(fired(spec, seed).values()))
        weekly += np.histogram(at, bins=np.arange(0, 71, 7))[0] / 7 / 20
    slope, intercept = np.polyfit(np.arange(10) * 7.0 + 3.5, weekly, 1)
    # Own alerts 20 + 15 a day grow by .4; the cascade adds 20 x .5 x 3 a day, growing like its leader.
    assert simulate_history(spec, 0).truth["trends"][0]["slope_per_day"] == pytest.approx(0.4 + 0.4 * 30 / 35, abs=1e-6)
    assert slope == pytest.approx(0.4 + 0.4 * 30 / 35, abs=0.08)
    assert intercept + 35 * slope == pytest.approx(65.0, abs=1.5)


def test_expected_firings_solve_the_branching_equations() -> None:
    spec = replace(PLAIN, cascades=(Cascade("A", "B", 0.5), Cascade("B", "A", 0.2)))
    mean = firings_per_day(spec, {"A": 30.0, "B": 10.0})
    assert mean["A"] == pytest.approx(30.0 + 0.2 * mean["B"])
    assert mean["B"] == pytest.approx(10.0 + 0.5 * mean["A"])


def test_repeats_are_geometric_and_minutes_apart() -> None:
    spec = replace(PLAIN, rules=(Rule("N", "db", "low", 20.0, repeats=3.0, repeat_gap_s=120.0),))
    firings = fire(spec, np.random.default_rng(5))
    _, sizes = np.unique(firings.burst, return_counts=True)
    assert sizes.mean() == pytest.approx(4.0, abs=0.3)
    assert np.mean(sizes == 1) == pytest.approx(0.25, abs=0.04)
    order = np.lexsort((firings.at_ms, firings.burst))
    same = np.diff(firings.burst[order]) == 0
    gaps_s = np.diff(firings.at_ms[order])[same] / 1000
    assert gaps_s.min() >= 29.99  # a quarter of the mean, to the millisecond
    assert gaps_s.mean() == pytest.approx(120.0, rel=0.05)


def test_a_storm_fires_every_rule_of_its_service_inside_its_window() -> None:
    quiet = replace(PLAIN, rules=(*PLAIN.rules, Rule("F", "db", "info", 0.0, flapping=True)))
    spec = replace(quiet, storms=(Storm("acme", "db", at_day=30.5, hours=2.0, n_onsets=200),))
    firings = fire(spec, np.random.default_rng(6))
    storm = firings.cause == CAUSES.index("storm")
    days = firings.at_ms[storm] / 86_400_000
    assert abs(storm.sum() - 200) < 60
    assert days.min() >= 30.5
    assert days.max() < 30.5 + 2 / 24
    assert set(firings.rule[storm].tolist()) == {0, 1}
    labelled = simulate_history(spec, 6).truth["storms"][0]
    assert (labelled["start"], labelled["end"]) == ("2024-01-31T12:00:00", "2024-01-31T14:00:00")
    assert labelled["n_alerts"] >= labelled["n_onsets"] > 140


def share_followed(leader: np.ndarray, follower: np.ndarray, window_s: float) -> float:
    """Share of the leader's firings with a follower in (t, t + window]; the obvious double loop."""
    window = window_s / 86_400
    return float(np.mean([any(t < other <= t + window for other in follower) for t in leader]))


def test_the_cascade_is_recovered_by_a_naive_loop() -> None:
    rules = (Rule("A", "db", "high", 4.0), Rule("B", "db", "low", 2.0), Rule("C", "db", "low", 2.0))
    spec = replace(PLAIN, rules=rules, cascades=(Cascade("A", "B", 0.6, lag_s=45.0),), days=112)
    at = fired(spec, 7)
    assert share_followed(at["A"], at["B"], 300.0) == pytest.approx(0.6, abs=0.08)
    assert share_followed(at["A"], at["C"], 300.0) < 0.04
    assert share_followed(at["B"], at["A"], 300.0) < 0.06
    firings = fire(spec, np.random.default_rng(7))
    caused = firings.at_ms[firings.cause == CAUSES.index("cascade")]
    leaders = firings.at_ms[firings.rule == 0]
    lags_s = (caused - leaders[np.searchsorted(leaders, caused) - 1]) / 1000
    assert np.median(lags_s) == pytest.approx(45.0, rel=0.1)


def test_followers_lead_on() -> None:
    rules = tuple(Rule(name, "db", "low", rate) for name, rate in (("A", 20.0), ("B", 0.0), ("C", 0.0)))
    spec = replace(PLAIN, rules=rules, cascades=(Cascade("A", "B", 0.5), Cascade("B", "C", 0.5)))
    at = fired(spec, 8)
    assert at["B"].size / at["A"].size == pytest.approx(0.5, abs=0.06)
    assert at["C"].size / at["B"].size == pytest.approx(0.5, abs=0.08)


def test_no_rule_leads_another_in_a_null_history() -> None:
    history = simulate_history(HistorySpec.null(load_sigma=0.0), 9)
    assert history.truth["cascades"] == []
    assert set(history.latent["cause"].to_pylist()) == {"background", "repeat"}
    spec = replace(HistorySpec.null(), load_sigma=0.0, daily_amplitude=0.0, weekday_load=(1.0,) * 7)
    followed, expected = 0.0, 0.0
    for seed in range(6):
        at = fired(spec, seed)
        for leader, follower in (("rule-01", "rule-02"), ("rule-05", "rule-09"), ("rule-18", "rule-19")):
            followed += share_followed(at[leader], at[follower], 300.0) * at[leader].size
            expected += at[leader].size * (1 - np.exp(-at[follower].size / 28 * 300 / 86_400))
    assert abs(followed - expected) < 4 * np.sqrt(expected)


def test_nothing_fires_outside_the_span_and_rows_are_in_order() -> None:
    spec = replace(PLAIN, cascades=(Cascade("A", "B", 0.9, lag_s=7200.0),), days=3)
    at_ms = fire(spec, np.random.default_rng(10)).at_ms
    assert at_ms[0] >= 0
    assert at_ms[-1] < 3 * 86_400_000
    assert np.all(np.diff(at_ms) >= 0)


def test_a_large_history_has_about_the_alerts_asked_for() -> None:
    history = simulate_history(HistorySpec.large(50_000, n_rules=100, n_tenants=3, days=60), 11)
    assert history.alerts.num_rows == pytest.approx(50_000, rel=0.08)
    assert len(set(history.alerts["tenant_id"].to_pylist())) == 3
    assert history.truth["cascades"][0] == {
        "leader": "rule-0001",
        "follower": "rule-0011",
        "probability": 0.5,
        "median_lag_s": 45.0,
        "p95_lag_s": 102.4,
    }
    assert HistorySpec.large(1_000, n_rules=8, n_tenants=1).cascades == ()
