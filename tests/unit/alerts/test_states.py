"""Severities are words with an order of their own."""

from __future__ import annotations

import itertools

import pytest

from alert_analytics.alerts import AlertResolution, AlertSeverity, AlertStatus

ORDER = ["info", "low", "medium", "high", "critical"]


def test_order() -> None:
    assert [str(s) for s in sorted(AlertSeverity, reverse=True)] == ORDER[::-1]
    assert max(AlertSeverity) is AlertSeverity.CRITICAL
    assert [s.rank for s in AlertSeverity] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(("low", "high"), list(itertools.combinations(ORDER, 2)))
def test_words_compare_on_either_side(low: str, high: str) -> None:
    assert AlertSeverity(low) < high
    assert low < AlertSeverity(high)
    assert AlertSeverity(high) > low
    assert AlertSeverity(low) <= high
    assert AlertSeverity(high) >= AlertSeverity(low)
    assert not AlertSeverity(high) <= AlertSeverity(low)
    assert not AlertSeverity(low) >= high
    assert not AlertSeverity(low) > low
    assert not AlertSeverity(low) < low


def test_it_is_its_word() -> None:
    word = "high"
    assert word == AlertSeverity.HIGH
    assert {word: 1}[AlertSeverity.HIGH] == 1
    assert f"{AlertSeverity.HIGH}" == "high"


def test_an_unknown_word_has_no_place() -> None:
    with pytest.raises(ValueError, match="loud"):
        _ = AlertSeverity.HIGH < "loud"


def test_the_other_words() -> None:
    assert [str(s) for s in AlertStatus] == ["firing", "acknowledged", "resolved", "suppressed"]
    assert [str(s) for s in AlertResolution] == ["manual", "automatic", "expired", "cancelled"]
