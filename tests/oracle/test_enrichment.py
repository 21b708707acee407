"""``history.enrich`` and ``history.outside_maintenance`` against loops over alerts and rows."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alert_analytics.history import AlertHistory

pytestmark = pytest.mark.slow  # `make check` has its minutes for the rest

DAY = datetime(2026, 3, 1)
HOURS = st.integers(0, 8)
SERVICES = st.sampled_from(["a", "b", None])
TENANTS = st.sampled_from(["x", "y"])
ALERTS = st.lists(st.tuples(TENANTS, SERVICES, HOURS), min_size=1, max_size=8)
ROWS = st.lists(
    st.tuples(TENANTS, SERVICES, HOURS, st.none() | st.integers(0, 5)), max_size=8, unique_by=lambda row: row[:3]
)


def at(hours: int) -> datetime:
    return DAY + timedelta(hours=hours)


def opened(alerts: list[tuple[str, str | None, int]]) -> AlertHistory:
    columns = {
        "fingerprint": [str(number) for number in range(len(alerts))],
        "tenant_id": [tenant for tenant, _, _ in alerts],
        "service": pl.Series([service for _, service, _ in alerts], dtype=pl.String),
        "fired_at": [at(hour) for _, _, hour in alerts],
    }
    return AlertHistory.open(pl.DataFrame(columns))


def table(rows: list[Any]) -> pl.DataFrame:
    time = pl.Datetime("us")
    columns = {
        "tenant_id": pl.Series([tenant for tenant, *_ in rows], dtype=pl.String),
        "service": pl.Series([service for _, service, *_ in rows], dtype=pl.String),
        "valid_from": pl.Series([at(begin) for _, _, begin, _ in rows], dtype=time),
        "valid_to": pl.Series([None if n is None else at(begin + n) for *_, begin, n in rows], dtype=time),
        "row": pl.Series(range(len(rows)), dtype=pl.Int64),
    }
    return pl.DataFrame(columns)


def holds(row: Any, hour: int) -> bool:
    _, _, begin, length = row
    return bool(begin <= hour and (length is None or hour < begin + length))


@settings(max_examples=15, deadline=None)
@given(ALERTS, ROWS, st.booleans())
def test_of_the_rows_that_hold_the_one_that_began_last(alerts: list[Any], rows: list[Any], of_tenants: bool) -> None:
    rows = rows if of_tenants else [("x", *rest) for tenant, *rest in rows if tenant == "x"]
    expected = []
    for tenant, service, hour in alerts:
        mine = [
            (row[2], number)
            for number, row in enumerate(rows)
            if service is not None and row[1] == service and (row[0] == tenant or not of_tenants) and holds(row, hour)
        ]
        expected.append(max(mine)[1] if mine else None)
    given_table = table(rows) if of_tenants else table(rows).drop("tenant_id")
    told = opened(alerts).enrich(given_table, on="service", age="age_s").to_polars()
    told = told.sort(pl.col("fingerprint").cast(pl.Int64))
    assert told["row"].to_list() == expected
    ages = [None if n is None else (alert[2] - rows[n][2]) * 3600.0 for alert, n in zip(alerts, expected, strict=True)]
    assert told["age_s"].to_list() == ages


@settings(max_examples=15, deadline=None)
@given(ALERTS, ROWS)
def test_alerts_outside_every_window_of_theirs_stay_and_time_at_risk_is_the_rest(
    alerts: list[Any], rows: list[Any]
) -> None:
    rows = [(*row[:3], row[3] or 0) for row in rows]

    def inside(tenant: str, service: str | None, hour: int) -> bool:
        return any(row[0] == tenant and row[1] in {service, None} and holds(row, hour) for row in rows)

    left = opened(alerts).outside_maintenance(table(rows), on="service")
    assert sorted(left.to_polars()["fingerprint"].to_list()) == [
        str(number) for number, alert in enumerate(alerts) if not inside(*alert)
    ]
    risk = left.at_risk
    assert risk is not None
    for tenant in "xy":
        for service in ("a", "b", None):
            cell = [{"tenant_id": tenant, "service": service}[name] for name in risk.by]
            hours = [0.0 if inside(tenant, service, hour) else 3600.0 for hour in range(14)]
            if "service" not in risk.by:
                hours = [0.0 if inside(tenant, None, hour) else 3600.0 for hour in range(14)]
            assert risk.seconds(cell, [at(hour) for hour in range(15)]).tolist() == hours
            assert risk.seconds(cell, [at(3), at(9)]).tolist() == [sum(hours[3:9])]
