"""What somebody tries with replays and recommendations sooner or later: each was a traceback or a wrong answer."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

import alert_analytics as aa
from alert_analytics.errors import HistoryError

START = datetime(2025, 1, 6)
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


def times(given: list[datetime | None]) -> pa.Array:
    return pa.array(given, pa.timestamp("us"))


def alerts(n: int = 9, *, acknowledged: bool = True) -> pa.Table:
    fired = [START + i * HOUR for i in range(n)]
    return pa.table(
        {
            "rule": ["r"] * n,
            "service": ["s"] * n,
            "fired_at": times(list(fired)),
            "acknowledged_at": times([one + MINUTE if acknowledged else None for one in fired]),
            "resolved_at": times([one + 2 * MINUTE for one in fired]),
            "resolution": ["automatic"] * n,
        }
    )


def samples(values: list[float | None], minutes: list[int] | None = None, **more: Any) -> pa.Table:
    at = [START + i * MINUTE for i in (minutes or range(len(values)))]
    return pa.table({"entity": ["w"] * len(values), "t": times(list(at)), "cpu": pa.array(values, pa.float64())} | more)


def rule(name: str = "r", **more: Any) -> aa.AlertRule:
    return aa.AlertRule(name=name, condition="cpu > 80", severity="high", **more)


@pytest.mark.parametrize(
    ("change", "n_saved"),
    [
        (aa.RuleChange(hold=timedelta.max), 9),
        (aa.RuleChange(dedup_window=timedelta.max), 8),
        (aa.RuleChange(resolve_after=timedelta.max), 0),
        (aa.RuleChange(hold=timedelta.max, dedup_window=timedelta.max), 9),
    ],
)
def test_a_length_beyond_all_histories_is_only_long(change: aa.RuleChange, n_saved: int) -> None:
    replay = aa.RuleReplay.from_alerts(alerts(), change)
    assert replay.table["n_saved"].to_pylist() == [n_saved]
    assert replay.sentence


def test_a_for_or_window_beyond_all_samples_is_only_long() -> None:
    told = [rule(), rule("for", hold_for=timedelta.max), rule("window", dedup_window=timedelta.max)]
    found = aa.MetricReplay.from_samples(samples([90, 10] * 5), told)
    assert found.table["n_alerts"].to_pylist() == [5, 0, 1]


def test_several_samples_at_one_time_say_the_same_in_any_order() -> None:
    values, minutes = [90.0, 10.0, 90.0, 10.0, 10.0, 10.0], [0, 0, 1, 1, 2, 2]
    both = [
        aa.MetricReplay.from_samples(samples(values[::step], minutes[::step]), [rule(), rule("for", hold_for=MINUTE)])
        for step in (1, -1)
    ]
    assert both[0].table.equals(both[1].table)
    assert both[0].table["n_fired"].to_pylist() == [1, 1]
    [told] = both[0].alerts(0).to_arrow().to_pylist()
    assert (told["fired_at"], told["resolved_at"]) == (START, START + 2 * MINUTE)
    assert both[0].settings["n_repeated"] == 3


def test_samples_told_twice_and_out_of_order_change_nothing() -> None:
    once = samples([90, 90, 10, 90, 10])
    twice = pa.concat_tables([once, once]).take(pa.array([7, 2, 9, 0, 4, 5, 1, 8, 3, 6]))
    tables = [aa.MetricReplay.from_samples(one, [rule(), rule("x", hold_for=MINUTE)]).table for one in (once, twice)]
    assert tables[0].equals(tables[1])


def test_samples_that_are_no_samples_are_refused() -> None:
    listed = samples([90]).set_column(0, "entity", pa.array([[1]]))
    with pytest.raises(HistoryError, match=r"column entity is list.*expected names or numbers"):
        aa.MetricReplay.from_samples(listed, rule())
    named = samples([90]).append_column("cpu", pa.array([1.0]))
    with pytest.raises(HistoryError, match="two columns of the samples have one name"):
        aa.MetricReplay.from_samples(named, rule())
    with pytest.raises(HistoryError, match="label column y is string, expected true or 1"):
        aa.MetricReplay.from_samples(samples([90], y=["yes"]), rule(), label="y")
    with pytest.raises(HistoryError, match="expected an AlertRule, or several"):
        aa.MetricReplay.from_samples(samples([90]), "cpu > 80")  # type: ignore[arg-type]
    found = aa.MetricReplay.from_samples(samples([90, 10, 90], y=[float("nan"), 0.0, 1.0]), rule(), label="y")
    assert found.table["n_incidents"].to_pylist() == [1]  # what is not known to be wrong is not


def test_another_evaluation_window_is_said_to_decide_nothing() -> None:
    found = aa.MetricReplay.from_samples(samples([90, 10]), [rule(), rule("b", evaluation_window=HOUR)])
    notes = found.table["note"].to_pylist()
    assert notes[0] is None
    assert "which decides nothing here" in notes[1]


def test_of_a_few_minutes_nothing_is_said_a_week() -> None:
    found = aa.MetricReplay.from_samples(samples([90]), rule())
    assert found.sentence == "r would have told 1 alert on 1 sample of 1 entity."
    assert "a week" not in aa.MetricReplay.from_samples(samples([90, 10]), rule()).sentence
    policy = aa.EscalationPolicy((aa.EscalationLevel("on call"),))
    assert aa.EscalationReplay.from_alerts(alerts(acknowledged=False), policy).sentence == (
        "9 alerts would have been 9 pages."
    )
    fired = [START + i * MINUTE for i in range(40)]
    advice = aa.Recommendations.from_alerts(pa.table({"rule": ["r"] * 40, "fired_at": fired}))
    assert "37 fewer alerts in all of this history: " in advice.sentences[0]


def test_a_policy_that_pages_nobody_or_ends_beyond_all_time() -> None:
    late = aa.EscalationPolicy((aa.EscalationLevel("a", 10 * DAY),))
    assert aa.EscalationReplay.from_alerts(alerts(), late).sentence == (
        "None of 9 alerts went unanswered for so long that anybody would have been paged."
    )
    levels = (aa.EscalationLevel("a"), aa.EscalationLevel("b", timedelta.max))
    with pytest.raises(HistoryError, match=r"its last page would come more than 36,500 days after an alert"):
        aa.EscalationPolicy(levels, repeat=2)
    with pytest.raises(HistoryError, match="repeat=True; expected a whole number"):
        aa.EscalationPolicy(levels[:1], repeat=True)


def test_questions_that_name_no_item_are_refused_by_name() -> None:
    wrong: Any = ["rule", "service"]
    for ask in (
        aa.Recommendations.from_alerts,
        lambda h, of: aa.RuleReplay.from_alerts(h, aa.RuleChange(delete=True), of),
    ):
        with pytest.raises(HistoryError, match=r"of=\['rule', 'service'\]; expected the name of a column or label"):
            ask(alerts(), of=wrong)  # type: ignore[operator]
    nothing: Any = [None]
    with pytest.raises(HistoryError, match=r"only=\[None\]; expected names of items"):
        aa.RuleReplay.from_alerts(alerts(), aa.RuleChange(delete=True), only=nothing)
    share: Any = "5%"
    with pytest.raises(HistoryError, match="max_missed='5%'; expected a share from 0 to 1"):
        aa.Recommendations.from_alerts(alerts(), max_missed=share)
    yes: Any = "yes"
    with pytest.raises(HistoryError, match="delete='yes'; expected true or false"):
        aa.RuleChange(delete=yes)


def test_one_alert_and_a_leader_alone_are_said_as_what_they_are() -> None:
    said = aa.RuleReplay.from_alerts(alerts(1), aa.RuleChange(delete=True)).sentence
    assert said.endswith("the only alert of r would be saved; somebody had acted on it and would not have been called.")
    alone = aa.RuleReplay.from_alerts(alerts(), aa.RuleChange(merge_into="r"))
    assert alone.sentence == "No other rule than r is asked about, so nothing is merged into it."
