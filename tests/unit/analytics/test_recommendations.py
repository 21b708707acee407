from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import yaml

import alert_analytics as aa
from alert_analytics import Recommendations
from alert_analytics.analytics.candidates import KINDS, _in_circle
from alert_analytics.errors import HistoryError, UnknownColumnError
from alert_analytics.history import AlertHistory
from alert_analytics.simulation import simulate_history
from benchmarks.validity_recommendations import BAD, planted_spec

START = datetime(2025, 1, 6)
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


@pytest.fixture(scope="module")
def found() -> Recommendations:
    return Recommendations.from_alerts(simulate_history(planted_spec(), seed=3).alerts)


def noisy(days: int = 30, **more: Any) -> pa.Table:
    """Three alerts a day, hours apart, that end by themselves after two minutes."""
    fired = [START + d * DAY + h * 60 * MINUTE for d in range(days) for h in (1, 9, 17)]
    columns = {
        "rule": ["r"] * len(fired),
        "fired_at": pa.array(fired, pa.timestamp("us")),
        "resolved_at": pa.array([t + 2 * MINUTE for t in fired], pa.timestamp("us")),
        "resolution": ["automatic"] * len(fired),
    }
    return pa.table(columns | more)


def test_what_was_planted_is_found_with_its_change(found: Recommendations) -> None:
    assert {row["item"]: row["kind"] for row in found.table.to_pylist()} == BAD


def test_the_largest_saving_comes_first_inside_its_interval(found: Recommendations) -> None:
    rows = found.table.to_pylist()
    saved = [row["saved_per_week"] for row in rows]
    assert saved == sorted(saved, reverse=True)
    assert all(0 < row["saved_low"] < row["saved_per_week"] < row["saved_high"] for row in rows)
    assert all(row["missed_share"] <= 0.05 <= row["missed_high"] + 0.05 for row in rows)
    assert all(row["q_value"] < 0.05 for row in rows)


def test_the_replay_of_a_row_says_the_same(found: Recommendations) -> None:
    rows = found.table.to_pylist()
    for kind in KINDS:
        place = next(i for i, row in enumerate(rows) if row["kind"] == kind)
        [replayed] = found.replay(place).table.to_pylist()
        assert replayed == {name: rows[place][name] for name in replayed}
        assert found.alerts(place).n_alerts == rows[place]["n_alerts"]


def test_the_sentences_say_change_saving_and_cost(found: Recommendations) -> None:
    for row, said in zip(found.table.to_pylist(), found.sentences, strict=True):
        assert said.startswith(f"{row['item']}: {row['change']}. ")
        assert "95% prediction interval" in said
        assert row["evidence"] in said
    together = found.settings["n_saved_together"]
    assert f"{together:,} of " in found.sentence
    counted = [row["n_saved"] for row in found.table.to_pylist() if row["kind"] != "resolve automatically"]
    assert max(counted) < together <= sum(counted)  # type: ignore[operator]


def acted_on(table: pa.Table, n: int = 3, lasting: timedelta = 60 * MINUTE) -> pa.Table:
    """The same alerts, and `n` that last, which somebody resolves by hand."""
    fired = [START + (i + 5) * DAY + 30 * MINUTE for i in range(n)]
    taken = noisy(1).slice(0, 1)
    more = {
        "rule": ["r"] * n,
        "fired_at": pa.array(fired, pa.timestamp("us")),
        "resolved_at": pa.array([t + lasting for t in fired], pa.timestamp("us")),
        "resolution": ["manual"] * n,
    }
    return pa.concat_tables([table.select(taken.column_names), pa.table(more)])


def test_a_noisy_rule_s_for_is_raised_by_as_little_as_will_do() -> None:
    [row] = Recommendations.from_alerts(acted_on(noisy())).table.to_pylist()
    assert (row["kind"], row["change"], row["n_saved"], row["n_missed"]) == (
        "raise for",
        "raise its `for` by 5 min",
        90,
        0,
    )
    assert row["evidence"] == "97% of its 93 alerts end within 5 min"


def test_a_for_that_leaves_no_alert_is_to_delete_the_rule_and_takes_what_that_takes() -> None:
    other = acted_on(noisy(1), 1).slice(3).set_column(0, "rule", pa.array(["taken"]))  # its source tells of people
    [row] = Recommendations.from_alerts(pa.concat_tables([noisy(), other])).table.to_pylist()
    assert (row["item"], row["kind"], row["n_saved"], row["n_missed"]) == ("r", "delete", 90, 0)
    assert row["evidence"] == "nobody acted on any of its 90 alerts"
    assert row["also"] is None


@pytest.mark.parametrize("resolution", ["automatic", None])
def test_where_nothing_says_what_people_did_no_rule_is_silenced_whole(resolution: str | None) -> None:
    found = Recommendations.from_alerts(noisy(resolution=pa.array([resolution] * 90, pa.string())))
    assert (len(found), found.settings["n_withheld"]) == (0, 1)
    assert found.sentence == (
        "No rule is worth changing: nothing is known to save much and miss little. Every alert of 1 rule ends within "
        "half an hour: a `for` that long would be to delete it, and nothing says whether somebody acts on these alerts."
    )
    replayed = aa.RuleReplay.from_alerts(noisy(), aa.RuleChange(hold=5 * MINUTE))
    assert "90 of 90 alerts of r would be saved, as if the rule were deleted" in replayed.sentence


@pytest.mark.parametrize(("minutes", "n"), [(2, 1), (8, 0)])
def test_what_ended_late_somebody_may_have_ended_where_nothing_says_who(minutes: int, n: int) -> None:
    """Ninety short alerts and three long ones of a rule of which nothing is said but its times."""
    table = acted_on(noisy()).drop_columns("resolution")
    ends = [t + minutes * MINUTE if i < 90 else t + 60 * MINUTE for i, t in enumerate(table["fired_at"].to_pylist())]
    table = table.set_column(2, "resolved_at", pa.array(ends, pa.timestamp("us")))
    found = Recommendations.from_alerts(table)
    assert len(found) == n
    for row in found.table.to_pylist():
        assert row["change"] == "raise its `for` by 5 min"
        assert row["evidence"] == "97% of its 93 alerts end within 5 min; nothing says whether somebody ended them"


@pytest.mark.parametrize("resolution", ["manual", None])
def test_short_alerts_that_somebody_may_have_ended_are_no_noise(resolution: str | None) -> None:
    table = noisy(resolution=pa.array([resolution] * 90, pa.string()))
    seen = [START + 61 * MINUTE] + [None] * 89  # one acknowledgement: so the history tells of people
    assert (
        len(Recommendations.from_alerts(table.append_column("acknowledged_at", pa.array(seen, pa.timestamp("us")))))
        == 0
    )


def test_where_nothing_says_what_people_did_the_cost_is_not_known() -> None:
    found = Recommendations.from_alerts(acted_on(noisy()).drop_columns("resolution"))
    [row] = found.table.to_pylist()
    assert (row["kind"], row["n_missed"], row["missed_high"], row["q_value"]) == ("raise for", None, None, None)
    assert (row["n_unsaid"], row["n_delayed"]) == (93, None)
    assert "not known" in row["note"]
    assert "What would be missed is not known" in found.sentences[0]


def lying(rules: dict[str, int], days: int = 40) -> pa.Table:
    """Two alerts a day of each rule, closed by hand after so many hours; one of another rule is acknowledged."""
    rows = [
        (rule, START + d * DAY + h * 60 * MINUTE + i * 7 * MINUTE, None, START + d * DAY + (h + hours) * 60 * MINUTE)
        for i, (rule, hours) in enumerate(rules.items())
        for d in range(days)
        for h in (3, 15)
    ]
    rows.append(("seen", START + DAY, START + DAY + MINUTE, START + DAY + 60 * MINUTE))
    rule, fired, seen, ended = zip(*rows, strict=True)
    times = {"fired_at": fired, "acknowledged_at": seen, "resolved_at": ended}
    columns = {name: pa.array(one, pa.timestamp("us")) for name, one in times.items()}
    return pa.table({"rule": rule, **columns, "resolution": ["manual"] * len(rows)})


def test_what_closes_by_itself_saves_closings_and_no_alert_and_is_said_so() -> None:
    found = Recommendations.from_alerts(lying({"left": 30}))
    [row] = found.table.to_pylist()
    assert (row["kind"], row["n_saved"]) == ("resolve automatically", 80)
    assert found.sentence == (
        "Change first left: resolve it automatically after 1 h unacknowledged. The change would let 80 of 81 alerts "
        "close by themselves instead of by hand."
    )
    assert "fewer closings by hand a week (95% prediction interval " in found.sentences[0]
    assert "All of its alerts would still be told. None of its alerts was acknowledged only later" in found.sentences[0]
    assert "save" not in found.sentence
    said = found.replay(0).sentence
    assert "80 of 80 alerts of left would close by themselves instead of by hand" in said
    assert said.endswith("; none was acknowledged only later than that.")
    assert "deleted" not in said


def test_two_changes_of_two_kinds_are_both_counted() -> None:
    noise = acted_on(noisy()).append_column("acknowledged_at", pa.nulls(93, pa.timestamp("us")))
    left = lying({"left": 30})
    found = Recommendations.from_alerts(pa.concat_tables([noise.select(left.column_names), left]))
    assert found.sentence.endswith(
        "Both changes together would save 90 of 174 alerts (52%) and let 80 close by themselves instead of by hand."
    )
    assert (found.settings["n_saved_together"], found.settings["n_closed"]) == (90, 80)


def test_a_replay_that_saves_nothing_or_one_alert_is_said_as_such() -> None:
    table = acted_on(noisy(1), 1)
    hold = aa.RuleChange(hold=MINUTE)
    assert aa.RuleReplay.from_alerts(table, hold).sentence == (
        "With the change (raise for) none of 4 alerts of r would be saved."
    )
    one = noisy(1).slice(0, 1)
    assert "the only alert of r would be saved, as if the rule were deleted" in (
        aa.RuleReplay.from_alerts(one, aa.RuleChange(hold=5 * MINUTE)).sentence
    )
    assert "the only alert of r would not be saved" in aa.RuleReplay.from_alerts(one, hold).sentence
    nameless = aa.RuleReplay.from_alerts(acted_on(noisy()), aa.RuleChange(hold=5 * MINUTE), of="service")
    assert "90 of 93 alerts without a service would be saved" in nameless.sentence
    assert "; nothing that somebody acted on would have been missed" in nameless.sentence
    late = aa.RuleReplay.from_alerts(lying({"left": 30}), aa.RuleChange(resolve_after=MINUTE), only="seen")
    assert late.sentence.endswith("the only alert of seen would not close by itself instead of by hand; 1 was "
                                  "acknowledged only later than that.")  # fmt: skip


def test_a_history_too_short_for_an_interval_says_so() -> None:
    fired = [START + i * MINUTE for i in range(40)]
    [row] = Recommendations.from_alerts(pa.table({"rule": ["r"] * 40, "fired_at": fired})).table.to_pylist()
    assert row["kind"] == "widen the dedup window"
    assert (row["saved_low"], row["saved_high"]) == (None, None)
    assert "under three days" in row["note"]


def test_nothing_acted_on_and_nothing_resolved_still_can_repeat() -> None:
    fired = [START + i * DAY + j * MINUTE for i in range(60) for j in range(3)]
    [row] = Recommendations.from_alerts(pa.table({"rule": ["r"] * 180, "fired_at": fired})).table.to_pylist()
    assert (row["kind"], row["n_saved"], row["n_missed"]) == ("widen the dedup window", 120, None)


def test_repeats_no_closer_than_chance_are_left_alone() -> None:
    rng = np.random.default_rng(1)
    at = np.sort(rng.uniform(0, 60 * 86_400, 60 * 40))  # forty a day: half of them within an hour of one told
    fired = [START + timedelta(seconds=float(one)) for one in at]
    assert len(Recommendations.from_alerts(pa.table({"rule": ["r"] * at.size, "fired_at": fired}))) == 0


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (noisy().slice(0, 0), "There is no alert in this history"),
        (noisy().slice(0, 1), "No rule is worth changing"),
        (pa.table({"rule": ["r"] * 9, "fired_at": [START] * 9}), "Change first r: widen its dedup window to 5 min"),
        (pa.table({"fired_at": [START, START + DAY]}), "No alert names a rule"),
    ],
)
def test_little_is_answered_in_words(table: pa.Table, said: str) -> None:
    found = Recommendations.from_alerts(table)
    assert said in found.sentence
    assert repr(found)
    assert len(found.sentences) == len(found)
    assert found._repr_html_()


@pytest.mark.slow
def test_many_rules_cost_no_more_than_their_alerts() -> None:
    n = 100_000
    fired = np.datetime64(START, "us") + np.arange(n) * np.timedelta64(400_000_000, "us")
    table = pa.table({"rule": [f"r{i}" for i in range(n)], "fired_at": fired})
    found = Recommendations.from_alerts(table)
    assert (len(found), found.settings["n_items"]) == (0, n)


def test_row_order_does_not_matter(found: Recommendations) -> None:
    table = simulate_history(planted_spec(), seed=3).alerts
    order = np.random.default_rng(2).permutation(table.num_rows)
    assert Recommendations.from_alerts(table.take(pa.array(order))).table.equals(found.table)


def test_a_stricter_limit_leaves_fewer(found: Recommendations) -> None:
    strict = Recommendations.from_alerts(simulate_history(planted_spec(), seed=3).alerts, max_missed=0.0)
    assert set(strict.table["n_missed"].to_pylist()) == {0}
    assert len(strict) <= len(found)


def test_wrong_questions_are_refused() -> None:
    with pytest.raises(HistoryError, match="max_missed=2; expected a share from 0 to 1"):
        Recommendations.from_alerts(noisy(), max_missed=2)
    with pytest.raises(UnknownColumnError, match="No column or label 'nothing'"):
        Recommendations.from_alerts(noisy(), of="nothing")
    with pytest.raises(IndexError):
        Recommendations.from_alerts(noisy()).replay(1)


def test_a_tightened_rule_is_what_prometheus_reads() -> None:
    named = acted_on(noisy())
    found = Recommendations.from_alerts(named.set_column(0, "rule", pa.array(['a: "b"\n# c'] * 93)))
    text = found.prometheus(0, expr='up{job="x"} == 0', hold=10 * MINUTE, labels={"severity": "page: all"})
    [group] = yaml.safe_load(text)["groups"]
    assert group["rules"] == [
        {"alert": 'a: "b"\n# c', "expr": 'up{job="x"} == 0', "for": "15m", "labels": {"severity": "page: all"}}
    ]
    with pytest.raises(HistoryError, match="no alert's metadata hold its expression"):
        found.prometheus(0)


def test_the_expression_is_read_from_the_alerts_where_they_say_it() -> None:
    found = Recommendations.from_alerts(aa.datasets.sample())
    [route] = yaml.safe_load(found.prometheus(0))["route"]["routes"]
    assert route == {
        "matchers": ['alertname = "HighCpuUsage"'], "group_by": ["alertname", "service"], "group_interval": "30m"
    }  # fmt: skip
    place = found.table["kind"].to_pylist().index("merge with its leader")
    with pytest.raises(HistoryError, match="merge with its leader is no change of one Prometheus rule"):
        found.prometheus(place)


def test_the_sample_s_planted_noise_and_followers_are_what_is_proposed() -> None:
    truth = aa.datasets.sample_truth()["alerts"]
    noise = {one["rule"] for one in truth["bursty_rules"]} | set(truth["flapping_rules"])
    rows = Recommendations.from_alerts(aa.datasets.sample()).table.to_pylist()
    assert {row["item"] for row in rows if row["kind"] == "widen the dedup window"} == noise
    followers = {one["follower"] for one in truth["cascades"]}
    assert {row["item"] for row in rows if row["kind"] == "merge with its leader"} == followers


def test_a_circle_of_leaders_is_found_and_what_leads_into_it_is_not() -> None:
    merged = np.array([True, True, True, True, False])
    leaders = np.array([1, 2, 1, 0, 0])
    assert _in_circle(merged, leaders).tolist() == [False, True, True, False, False]


def test_another_column_can_be_what_is_changed() -> None:
    table = acted_on(noisy()).append_column("team", pa.array(["night"] * 93))
    found = Recommendations.from_alerts(AlertHistory.open(table), of="team")
    assert (found.table["item"].to_pylist(), found.settings["of"]) == (["night"], "team")
