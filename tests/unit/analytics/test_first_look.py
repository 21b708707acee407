from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import alert_analytics as aa
from alert_analytics import FirstLook
from alert_analytics.errors import UnknownColumnError
from alert_analytics.history import AlertHistory
from alert_analytics.simulation import (
    Cascade,
    HistorySpec,
    Resolution,
    Rule,
    Service,
    Tenant,
    simulate_history,
)

START = datetime(2025, 1, 6)
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)

SPEC = HistorySpec(
    tenants=(Tenant("acme"),),
    services=(Service("calm", "a"), Service("noisy", "b"), Service("growing", "c", slope_per_day=0.07)),
    rules=(
        Rule("Ordinary", "calm", "low", 5.0),
        Rule("Also", "calm", "low", 4.0),
        Rule("Leader", "calm", "high", 4.0),
        Rule("Follower", "noisy", "high", 1.0),
        Rule("Bursty", "noisy", "medium", 2.0, repeats=5.0, repeat_gap_s=120.0),
        Rule("Flapping", "noisy", "info", 1.0, repeats=3.0, flapping=True),
        Rule("Growing", "growing", "medium", 6.0),
    ),
    cascades=(Cascade("Leader", "Follower", 0.7),),
    days=98,
    resolution={severity: Resolution(20 * 3600.0, sigma=0.8) for severity in ("low", "medium", "high", "info")},
    automatic_share=0.0,
    never_resolved=0.0,
    descriptions=False,
)


@pytest.fixture(scope="module")
def simulated() -> pa.Table:
    return simulate_history(SPEC, seed=4).alerts


@pytest.fixture(scope="module")
def look(simulated: pa.Table) -> FirstLook:
    return FirstLook.from_alerts(simulated)


def reasons(look: FirstLook) -> dict[str, str]:
    return {row["item"]: row["reason"] for row in look.table.to_pylist()}


def with_column(table: pa.Table, name: str, values: Sequence[Any]) -> pa.Table:
    column = pa.array(values, table.schema.field(name).type)
    return table.set_column(table.schema.get_field_index(name), name, column)


def test_what_was_planted_is_found_with_its_reason(look: FirstLook) -> None:
    assert reasons(look) == {
        "Bursty": "repeats",
        "Flapping": "unattended",
        "Follower": "follows",
        "Growing": "growing",
    }


def test_rows_are_ranked_by_their_share_and_every_share_is_one(look: FirstLook) -> None:
    share = look.table["share"].to_pylist()
    assert share == sorted(share, reverse=True)
    assert all(0 < one < 1 for one in share)
    assert look.table["item"].to_pylist()[0] == "Bursty"


def test_the_numbers_of_a_row_are_those_of_its_alerts(look: FirstLook, simulated: pa.Table) -> None:
    [row] = [row for row in look.table.to_pylist() if row["item"] == "Bursty"]
    place = look.table["item"].to_pylist().index("Bursty")
    mine = look.alerts(place).to_arrow()
    assert row["n_alerts"] == mine.num_rows
    assert set(mine["rule"].to_pylist()) == {"Bursty"}
    fired = np.sort(mine["fired_at"].to_numpy())
    repeats = int((np.diff(fired) <= np.timedelta64(300, "s")).sum())
    assert row["share"] == pytest.approx(repeats / simulated.num_rows)
    weeks = look.settings["weeks"]
    assert weeks == pytest.approx(14, abs=0.1)
    assert row["less_per_week"] == pytest.approx(repeats / weeks)
    assert row["per_week"] == pytest.approx(mine.num_rows / weeks)
    assert row["why"] == f"{repeats / len(fired):.0%} of its {len(fired):,} alerts come within 5 min of the one before"
    assert row["try"] == "a deduplication window of 5 min or longer"


def test_further_reasons_stand_beside_the_first(look: FirstLook) -> None:
    [row] = [row for row in look.table.to_pylist() if row["item"] == "Flapping"]
    assert row["why"].startswith("100% of its ")
    assert row["why"].endswith("end by themselves within 15 min, unacknowledged")
    assert "come within 5 min of the one before" in row["also"]


def test_a_follower_is_told_with_its_leader_and_how_soon(look: FirstLook) -> None:
    [row] = [row for row in look.table.to_pylist() if row["item"] == "Follower"]
    assert row["why"].startswith("it comes after Leader in ")
    assert "by chance), " in row["why"]
    assert row["why"].endswith(" s later")
    assert row["try"] == "one incident with Leader, which comes first"


def test_two_effects_of_one_cause_follow_neither() -> None:
    rng = np.random.default_rng(7)
    rows = []
    for i in range(120):
        at = START + i * DAY / 2 + float(rng.uniform(0, 11)) * HOUR
        rows += [(name, at + float(rng.uniform(0, 60)) * MINUTE / 60) for name in ("left", "right")]
    table = pa.table({"rule": [name for name, _ in rows], "fired_at": [at for _, at in rows]})
    assert aa.CorrelationAnalysis.from_alerts(table).graph().num_rows == 2
    assert len(FirstLook.from_alerts(table)) == 0


def test_a_growing_rule_is_told_by_how_much(look: FirstLook) -> None:
    [row] = [row for row in look.table.to_pylist() if row["item"] == "Growing"]
    assert row["why"].startswith("it grows by ")
    # The planted slope of the service: .07 a day each day is 3.4 a week each week.
    more = row["less_per_week"] / 6  # thirteen whole weeks: the last has twelve steps more, on average half of it
    assert more == pytest.approx(0.07 * 49, rel=0.35)
    assert row["share"] * look.history.n_alerts == pytest.approx(row["less_per_week"] * look.settings["weeks"])
    assert row["less_per_week"] < row["per_week"]


def test_the_sentence_names_the_first_three(look: FirstLook) -> None:
    first = look.table.slice(0, 3).to_pylist()
    assert look.sentence == "Look first at " + "; ".join(f"{row['item']} ({row['why']})" for row in first) + "."


def slow_history(*, still_open: bool = False, usual: float = 60.0) -> AlertHistory:
    """Two rules of one severity, one of which takes ten times as long; each alert on a day of its own."""
    fired = [START + i * 6 * HOUR for i in range(300)]
    rule = ["slow" if i % 5 == 0 else "quick" for i in range(300)]
    lasts = [timedelta(minutes=usual * (10 if name == "slow" else 1) + i % 7) for i, name in enumerate(rule)]
    resolved = [t + d for t, d in zip(fired, lasts, strict=True)]
    if still_open:  # five in nine of the slow ones; their median is not reached, its lower limit is
        resolved = [None if n == "slow" and i // 5 % 9 < 5 else t for i, (t, n) in enumerate(zip(resolved, rule))]  # type: ignore[misc]  # noqa: B905
    columns = {
        "rule": rule,
        "severity": ["high"] * 300,
        "fired_at": pa.array(fired, pa.timestamp("us")),
        "resolved_at": pa.array(resolved, pa.timestamp("us")),
    }
    return AlertHistory.open(pa.table(columns))


def test_a_slow_rule_is_found_beside_others_of_its_severity() -> None:
    look = FirstLook.from_alerts(slow_history())
    [row] = look.table.to_pylist()
    assert (row["item"], row["reason"], row["less_per_week"]) == ("slow", "slow", None)
    assert row["why"].startswith("half of its 60 high alerts take over 10.1 h, 9.")
    assert row["why"].endswith("times the 1.07 h of all high ones")
    # Of the typical time that alerts are open, 60 x 10 h of 60 x 10 h and 240 x 1 h, what is beyond the usual.
    assert row["share"] == pytest.approx(60 * 9 / (60 * 10 + 240), abs=0.03)


def test_a_rule_so_slow_that_its_median_is_not_reached_is_found_by_its_lower_limit() -> None:
    look = FirstLook.from_alerts(slow_history(still_open=True))
    [row] = [row for row in look.table.to_pylist() if row["item"] == "slow"]
    assert row["reason"] == "slow"
    assert row["share"] > 0


def test_beside_alerts_that_end_as_they_begin_a_slow_one_has_no_multiple() -> None:
    fired = [START + i * 6 * HOUR for i in range(300)]
    rule = ["slow" if i % 5 == 0 else "quick" for i in range(300)]
    resolved = [t + HOUR * (name == "slow") for t, name in zip(fired, rule, strict=True)]
    table = pa.table({"rule": rule, "fired_at": fired, "resolved_at": resolved})
    [row] = FirstLook.from_alerts(table).table.to_pylist()
    assert row["why"] == "half of its 60 alerts take over 1 h, beyond the 0 s of all"


def test_few_alerts_are_not_called_slow() -> None:
    fewer = slow_history().to_arrow().slice(0, 145)  # 29 slow ones
    assert "slow" not in reasons(FirstLook.from_alerts(fewer)).values()


def test_severities_can_be_looked_at_themselves() -> None:
    fired = [START + i * 6 * HOUR for i in range(300)]
    severity = ["low" if i % 3 == 0 else "high" for i in range(300)]
    resolved = [t + (20 * HOUR if s == "low" else HOUR) for t, s in zip(fired, severity, strict=True)]
    look = FirstLook.from_alerts(
        pa.table({"severity": severity, "fired_at": fired, "resolved_at": resolved}), "severity"
    )
    [row] = look.table.to_pylist()
    assert (row["item"], row["reason"]) == ("low", "slow")
    assert row["why"] == "half of its 100 alerts take over 20 h, 20 times the 1 h of all"
    assert look.settings["of"] == "severity"
    assert look.alerts(0).n_alerts == 100


def test_the_slowest_severity_of_a_rule_is_the_one_told() -> None:
    parts = []
    for severity, hours in (("high", 10), ("medium", 5)):  # in this order by name, too
        fired = [START + i * 6 * HOUR for i in range(300)]
        rule = ["slow" if i % 5 == 0 else "quick" for i in range(300)]
        resolved = [t + (hours if name == "slow" else 1) * HOUR for t, name in zip(fired, rule, strict=True)]
        columns = {"rule": rule, "severity": [severity] * 300, "fired_at": fired, "resolved_at": resolved}
        parts.append(pa.table(columns))
    look = FirstLook.from_alerts(pa.concat_tables(parts))
    [row] = [row for row in look.table.to_pylist() if row["item"] == "slow"]
    assert " 60 high alerts " in row["why"]


def test_another_column_can_be_what_is_changed_and_alerts_without_one_are_left_out(simulated: pa.Table) -> None:
    team = [None if rule == "Ordinary" else f"{rule}-team" for rule in simulated["rule"].to_pylist()]
    look = FirstLook.from_alerts(with_column(simulated, "team", team), of="team")
    found = reasons(look)
    assert found["Bursty-team"] == "repeats"
    assert None not in found
    assert look.alerts(0).n_alerts == look.table["n_alerts"].to_pylist()[0]


def test_a_longer_window_finds_slower_repeats() -> None:
    fired = [START + i * DAY + j * 8 * MINUTE for i in range(20) for j in range(2)]
    table = pa.table({"rule": ["r"] * 40, "fired_at": fired})
    assert len(FirstLook.from_alerts(table)) == 0
    look = FirstLook.from_alerts(table, window=10 * MINUTE)
    assert reasons(look) == {"r": "repeats"}
    assert "within 10 min of the one before" in look.table["why"].to_pylist()[0]
    assert look.settings["window_s"] == 600


@pytest.mark.parametrize("seed", range(2))
def test_nothing_stands_out_in_a_quiet_history_of_few_alerts(seed: int) -> None:
    spec = HistorySpec(
        tenants=(Tenant("acme"),),
        services=(Service("one", "a"), Service("two", "b")),
        rules=tuple(Rule(f"rule-{i}", ("one", "two")[i % 2], "low", 0.4) for i in range(6)),
        days=35,
        resolution={"low": Resolution(6 * 3600.0, sigma=0.5)},
        automatic_share=0.3,
        descriptions=False,
    )
    look = FirstLook.from_alerts(simulate_history(spec, seed).alerts)
    assert look.table.to_pylist() == []
    assert look.sentence == "No rule stands out in this history."


def test_four_repeats_are_an_accident_and_five_are_not() -> None:
    def fired(pairs: int) -> pa.Table:
        times = [START + i * DAY + j * MINUTE for i in range(pairs) for j in range(2)]
        return pa.table({"rule": ["r"] * len(times), "fired_at": times})

    assert len(FirstLook.from_alerts(fired(4))) == 0
    assert reasons(FirstLook.from_alerts(fired(5))) == {"r": "repeats"}


def test_an_alert_on_its_own_and_none_at_all_are_answered_in_words() -> None:
    one = pa.table({"rule": ["r"], "fired_at": [START], "resolved_at": [START + MINUTE], "resolution": ["automatic"]})
    for history in (AlertHistory.open(one), AlertHistory.open(one).where({"rule": ["nothing"]})):
        look = FirstLook.from_alerts(history)
        assert len(look) == 0
        assert look.sentence == "No rule stands out in this history."
        with pytest.raises(IndexError):
            look.alerts(0)


def test_alerts_that_all_are_open_can_still_repeat() -> None:
    times = [START + i * DAY + j * MINUTE for i in range(60) for j in range(2)]
    look = FirstLook.from_alerts(pa.table({"rule": ["r"] * 120, "fired_at": times}))
    assert reasons(look) == {"r": "repeats"}


def test_the_sample_s_first_three_are_its_bursty_and_its_flapping_rules() -> None:
    look = FirstLook.from_alerts(aa.datasets.sample())
    assert look.table["item"].to_pylist()[:3] == ["HighCpuUsage", "BgpSessionFlap", "SyntheticCheckFailed"]
    assert look.table["reason"].to_pylist()[:3] == ["repeats", "unattended", "repeats"]
    truth = aa.datasets.sample_truth()["alerts"]
    followers = {one["follower"] for one in truth["cascades"]}
    assert {item for item, reason in reasons(look).items() if reason == "follows"} <= followers


def test_row_order_does_not_matter(simulated: pa.Table, look: FirstLook) -> None:
    order = np.random.default_rng(2).permutation(simulated.num_rows)
    assert FirstLook.from_alerts(simulated.take(pa.array(order))).table.equals(look.table)


def test_settings_and_sql_say_what_was_counted(look: FirstLook) -> None:
    assert (look.settings["of"], look.settings["window_s"]) == ("rule", 300.0)
    assert "n_unattended" in look.sql


def test_an_unknown_column_is_said() -> None:
    with pytest.raises(UnknownColumnError, match="No column or label 'nothing'"):
        FirstLook.from_alerts(aa.datasets.sample(), of="nothing")
