"""Reduced runs of ``python -m benchmarks.validity_recommendations``."""

from __future__ import annotations

from datetime import timedelta

import pytest

from alert_analytics.alerts import RuleChange
from alert_analytics.errors import HistoryError
from alert_analytics.simulation import simulate_history
from benchmarks.validity_recommendations import planted_spec, tallied


@pytest.mark.slow
def test_the_first_ten_are_bad_rules_and_save_what_was_predicted() -> None:
    tally = tallied(8)
    assert tally.n_bad >= 0.95 * tally.n
    assert tally.n_kind >= 0.95 * tally.n
    assert tally.coverage >= 0.9
    assert 0.9 < sum(tally.ratio) / len(tally.ratio) < 1.1


def test_a_change_takes_away_only_its_rule_s_alerts() -> None:
    spec = planted_spec(21)
    before = simulate_history(spec, 5).alerts
    change = {
        "Transient1": RuleChange(hold=timedelta(minutes=5)),
        "Cleared": RuleChange(resolve_after=timedelta(hours=1)),
    }
    after = simulate_history(spec, 5, change).alerts
    rules = [set(zip(one["rule"].to_pylist(), one["fired_at"].to_pylist(), strict=True)) for one in (before, after)]
    assert {rule for rule, _ in rules[0] - rules[1]} == {"Transient1"}
    left = [row for row in after.to_pylist() if row["rule"] == "Transient1" and row["resolved_at"] is not None]
    long = [row for row in before.to_pylist() if row["rule"] == "Transient1" and row["resolved_at"] is not None]
    kept = [row for row in long if row["resolved_at"] - row["fired_at"] >= timedelta(minutes=5)]
    assert len(left) == len(kept)
    assert all(
        row["resolved_at"] - row["fired_at"] <= timedelta(hours=1)
        for row in after.to_pylist()
        if row["rule"] == "Cleared" and row["resolved_at"] is not None
    )
    with pytest.raises(HistoryError, match="a change names rule 'nothing'"):
        simulate_history(spec, 5, {"nothing": RuleChange(delete=True)})
