"""What the demo proposes to change where alerts name no rule."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

import alert_analytics as aa
from alert_analytics.cli.demo import _named


@pytest.mark.parametrize(
    ("columns", "named"),
    [
        ({"rule": "cpu", "service": "web"}, "rule"),
        ({"service": "web", "team": "core"}, "service"),
        ({"team": "core"}, "team"),
        ({}, "rule"),
    ],
)
def test_what_is_to_be_changed_is_what_the_alerts_are_known_by(columns: dict[str, Any], named: str) -> None:
    fired = [datetime(2025, 1, 6) + timedelta(hours=i) for i in range(9)]
    table = pa.table({"fired_at": fired, **{name: [one] * 9 for name, one in columns.items()}})
    assert _named(aa.AlertHistory.open(table).describe()) == named
