"""The times of incidents against a loop over alerts, and the median against the product-limit by hand."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import alert_analytics as aa
from alert_analytics.history import AlertHistory

pytestmark = pytest.mark.slow  # `make check` has its minutes for the rest

DAY = datetime(2026, 3, 1)
LENGTH = st.none() | st.integers(0, 40)
ALERTS = st.lists(
    st.tuples(st.sampled_from(["x", "y"]), st.sampled_from(["a", "b"]), st.integers(0, 60), LENGTH, LENGTH),
    min_size=1,
    max_size=10,
)


def at(minutes: int | None) -> datetime | None:
    return None if minutes is None else DAY + timedelta(minutes=minutes)


def median(times: list[tuple[int, bool]]) -> int | None:
    """The first time at which no more than half is left, by the product-limit estimate in fractions."""
    left = Fraction(1)
    for time in sorted({time for time, over in times if over}):
        at_risk = sum(other >= time for other, _ in times)
        over = sum(other == time and is_over for other, is_over in times)
        left *= 1 - Fraction(over, at_risk)
        if left <= Fraction(1, 2):
            return time
    return None


@settings(max_examples=20, deadline=None)
@given(ALERTS, st.integers(1, 20), st.none() | st.integers(1, 80))
def test_as_a_loop_has_them(alerts: list[Any], gap: int, moment: int | None) -> None:
    columns = {
        "fingerprint": [str(number) for number in range(len(alerts))],
        "tenant_id": [alert[0] for alert in alerts],
        "service": [alert[1] for alert in alerts],
        "fired_at": [at(alert[2]) for alert in alerts],
    }
    for place, name in ((3, "acknowledged_at"), (4, "resolved_at")):
        times = [None if alert[place] is None else at(alert[2] + alert[place]) for alert in alerts]
        columns[name] = pl.Series(times, dtype=pl.Datetime("us"))
    history = AlertHistory.open(pl.DataFrame(columns))
    history = history if moment is None else history.as_of(DAY + timedelta(minutes=moment))
    found = aa.IncidentAnalysis.from_alerts(history, aa.IncidentPolicy(gap=timedelta(minutes=gap)), by="service")

    # What was known then: (tenant, service, fired, acknowledged, resolved), in minutes.
    last = max(alert[2] + max(alert[3] or 0, alert[4] or 0) for alert in alerts)
    now = last if moment is None else min(last, moment)
    until = moment if moment is not None and moment <= last else 1000
    seen = [
        (*alert[:3], *(None if n is None or alert[2] + n >= until else alert[2] + n for n in alert[3:]))
        for alert in sorted(alerts, key=lambda alert: alert[2])
        if alert[2] < until
    ]
    incidents: list[list[Any]] = []
    for alert in seen:
        mine = [one for one in incidents if one[-1][:2] == alert[:2] and alert[2] - one[-1][2] <= gap]
        if mine:
            mine[-1].append(alert)
        else:
            incidents.append([alert])
    expected: dict[str, dict[str, Any]] = {}
    for service in sorted({alert[1] for alert in seen}):
        acknowledging, resolving = [], []
        for one in incidents:
            if one[0][1] != service:
                continue
            began, cut = one[0][2], now - gap
            first = min((alert[3] for alert in one if alert[3] is not None), default=None)
            over = None if any(alert[4] is None for alert in one) else max(alert[4] for alert in one)
            end = over if over is not None and over <= cut else cut
            resolving.append((max(end - began, 0), over is not None and over <= cut))
            taken = first is not None and first <= cut
            acknowledging.append((max((first if taken else end) - began, 0), taken))
        halves = [median(acknowledging), median(resolving)]
        expected[service] = {
            "n_incidents": len(resolving),
            "n_acknowledged": sum(taken for _, taken in acknowledging),
            "n_resolved": sum(is_over for _, is_over in resolving),
            "time_to_acknowledge_median_s": None if halves[0] is None else halves[0] * 60.0,
            "time_to_resolve_median_s": None if halves[1] is None else halves[1] * 60.0,
        }
    rows = {row["service"]: row for row in found.table.to_pylist()}
    assert {name: {key: row[key] for key in expected[name]} for name, row in rows.items()} == expected
