from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from alert_analytics.alerts import AlertRule, EscalationLevel, EscalationPolicy, RuleChange
from alert_analytics.errors import ConditionError, HistoryError

MINUTE = timedelta(minutes=1)
LEVEL = EscalationLevel(("on call",))


def rule(**more: Any) -> AlertRule:
    return AlertRule(**({"name": "r", "condition": "cpu > 80", "severity": "high"} | more))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "nothing is changed"),
        ({"hold": -MINUTE}, "only a tightening can be known"),
        ({"dedup_window": -MINUTE}, "only a tightening can be known"),
        ({"hold": 5}, "expected a length of time"),
        ({"resolve_after": timedelta(0)}, "expected longer than zero"),
        ({"delete": True, "group_by": 3}, "expected columns or labels"),
    ],
)
def test_no_change_and_loosening_are_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(HistoryError, match=said):
        RuleChange(**given)


def test_the_difference_of_two_rules_is_a_change() -> None:
    change = RuleChange.between(rule(hold_for=MINUTE), rule(hold_for=6 * MINUTE, dedup_window=MINUTE))
    assert (change.hold, change.dedup_window, change.kind) == (5 * MINUTE, MINUTE, "several")
    assert change.described()["hold_s"] == 300


def test_a_rule_that_groups_by_nothing_joins_within_a_series() -> None:
    assert RuleChange.between(rule(), rule(dedup_window=MINUTE)).group_by == ("fingerprint",)
    wider = RuleChange.between(rule(dedup_window=MINUTE), rule(dedup_window=MINUTE, group_by=("service",)))
    assert (wider.dedup_window, wider.group_by) == (MINUTE, ("service",))
    fewer = RuleChange.between(
        rule(dedup_window=MINUTE, group_by=("pod", "service")), rule(dedup_window=MINUTE, group_by=("service",))
    )
    assert fewer.group_by == ("service",)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ({"hold_for": MINUTE}, {}, "only a tightening"),
        ({"dedup_window": MINUTE}, {}, "only a tightening"),
        ({}, {"condition": "cpu > 90"}, "condition goes from 'cpu > 80' to 'cpu > 90'"),
        ({}, {"clear_condition": "cpu < 70"}, "clear_condition goes from None"),
        (
            {"dedup_window": MINUTE, "group_by": ("service",)},
            {"dedup_window": MINUTE, "group_by": ("pod",)},
            "group_by goes from",
        ),
        (
            {"dedup_window": MINUTE, "group_by": ("pod",)},
            {"dedup_window": MINUTE},
            r"group_by goes from \['pod'\] to \[\]; from alerts alone only a tightening",
        ),
        (
            {"dedup_window": MINUTE, "group_by": ("a", "b")},
            {"dedup_window": MINUTE, "group_by": ("b", "a")},
            "nothing is changed",
        ),
        (
            {},
            {"evaluation_window": 10 * MINUTE, "hold_for": MINUTE},
            "evaluation_window goes from 0:05:00 to 0:10:00; expected the same of both",
        ),
        ({}, {}, "nothing is changed"),
    ],
)
def test_what_alerts_cannot_tell_is_refused(before: dict[str, Any], after: dict[str, Any], said: str) -> None:
    with pytest.raises(HistoryError, match=said):
        RuleChange.between(rule(**before), rule(**after))


def test_a_rule_s_new_fields_are_checked() -> None:
    with pytest.raises(HistoryError, match="expected zero or longer"):
        rule(hold_for=-MINUTE)
    with pytest.raises(ConditionError):
        rule(clear_condition="cpu <")
    assert str(rule().clear_expression) == "not cpu > 80"
    assert str(rule(clear_condition="cpu < 70").clear_expression) == "cpu < 70"


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: EscalationLevel(()), "expected a name"),
        (lambda: EscalationLevel(("a", "a")), "each once"),
        (lambda: EscalationLevel(3), "expected a name"),  # type: ignore[arg-type]
        (lambda: EscalationLevel(("a",), -MINUTE), "zero or longer"),
        (lambda: EscalationPolicy(()), "at least one EscalationLevel"),
        (lambda: EscalationPolicy((LEVEL,), repeat=-1), "0 or more"),
        (lambda: EscalationPolicy((LEVEL,), repeat_after=timedelta(0)), "longer than zero"),
        (lambda: EscalationPolicy((LEVEL,), severities=("grave",)), "expected some of info"),
        (lambda: EscalationPolicy((LEVEL,), severities=()), "expected some of info"),
    ],
)
def test_a_wrong_policy_is_refused(make: Any, said: str) -> None:
    with pytest.raises(HistoryError, match=said):
        make()


def test_a_policy_takes_single_words() -> None:
    policy = EscalationPolicy((EscalationLevel("a"),), severities="high")  # type: ignore[arg-type]
    assert policy.severities == ("high",)
    assert policy.levels[0].targets == ("a",)
