"""Conditions on samples: three values, kinds, severities and times."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pytest

from alert_analytics.alerts.conditions import evaluate, parse
from alert_analytics.errors import ConditionError

SAMPLE = {
    "cpu": 85.2,
    "cores": 8,
    "host": "web-01",
    "up": True,
    "unknown": None,
    "nan": float("nan"),
    "severity": "high",
    "at": datetime(2016, 4, 1, 12),
    "zoned": datetime(2016, 4, 1, 12, tzinfo=timezone(timedelta(hours=2))),
    "day": date(2016, 4, 1),
    "np": np.float32(1.5),
}


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("cpu > 80", True),
        ("cpu > 80 and host = 'web-02'", False),
        ("cores >= 8 or cpu < 1", True),
        ("cores > cpu", False),
        ("up = true", True),
        ("np = 1.5", True),
        ("host in ('web-02', 'web-01')", True),
        ("host not in ('web-02')", True),
        ("unknown > 3", None),
        ("nan > 3", None),
        ("not nan > 3", None),
        ("unknown > 3 or cpu > 80", True),
        ("unknown > 3 and cpu > 80", None),
        ("unknown > 3 and cpu > 90", False),
        ("unknown in (1)", None),
        ("unknown is null", True),
        ("nan is null", True),
        ("cpu is not null", True),
        ("severity >= 'medium'", True),
        ("severity > 'high'", False),
        ("'critical' <= severity", False),
        ("severity in ('high', 'critical')", True),
        ("at >= '2016-04-01'", True),
        ("at < '2016-04-01T12:00:00+02:00'", False),
        ("'2016-04-01T14:00:00+02:00' = at", True),
        ("zoned < at", True),
        ("day = '2016-04-01'", True),
    ],
)
def test_answers(text: str, answer: bool | None) -> None:
    assert evaluate(parse(text), SAMPLE) is answer


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cpu > 'high'", "85.2 is a number, 'high' is text"),
        ("up = 1", "True is a boolean, 1 is a number"),
        ("at > 3", "is a time, 3 is a number"),
        ("at > 'noon'", "'noon' beside a time, expected ISO 8601"),
        ("gpu > 3", 'the sample has no gpu, it has at, cores, cpu'),
        ("host = severity", "severity is 'web-01', expected one of info"),
        ("cpu > 90 and gpu > 3", "no gpu"),
    ],
)  # fmt: skip
def test_refusals(text: str, message: str) -> None:
    with pytest.raises(ConditionError, match=message):
        evaluate(parse(text), SAMPLE)


def test_other_kinds_are_named() -> None:
    with pytest.raises(ConditionError, match="is a list, 3 is a number"):
        evaluate(parse("x > 3"), {"x": [1]})


def test_an_empty_sample_says_so() -> None:
    with pytest.raises(ConditionError, match="it has nothing"):
        evaluate(parse("x > 3"), {})


def test_naive_times_are_utc() -> None:
    assert evaluate(parse("t = u"), {"t": datetime(2020, 1, 1), "u": datetime(2020, 1, 1, tzinfo=UTC)}) is True
