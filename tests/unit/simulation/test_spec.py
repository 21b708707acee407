"""Descriptions of histories: what they refuse, and the laws they name."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
import pytest

from alert_analytics.errors import HistoryError
from alert_analytics.simulation import Cascade, HistorySpec, Resolution, Rule, Service, Storm, Tenant

SPEC = HistorySpec(
    (Tenant("acme"),),
    (Service("db", "data"), Service("net", "ops")),
    (
        Rule("A", "db", "high", 2.0),
        Rule("B", "db", "low", 3.0, repeats=1.0),
        Rule("F", "net", "info", 1.0, flapping=True),
    ),
)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rules": (*SPEC.rules, Rule("A", "db", "low", 1.0))}, "two rules share a name"),
        ({"rules": (Rule("A", "nowhere", "low", 1.0),)}, r"names service 'nowhere', expected one of \['db', 'net'\]"),
        ({"rules": (Rule("A", "db", "fatal", 1.0),)}, "has severity 'fatal'"),
        ({"cascades": (Cascade("A", "Z", 0.5),)}, "a cascade names rule 'Z'"),
        ({"cascades": (Cascade("A", "B", 1.5),)}, "A -> B has probability 1.5"),
        ({"cascades": (Cascade("A", "B", 0.9), Cascade("B", "A", 0.9))}, r"a firing brings 1\.27 in each round"),
        ({"storms": (Storm("globex", "db", 1.0, 2.0, 9),)}, "a storm names tenant 'globex'"),
        ({"storms": (Storm("acme", "net", 1.0, 2.0, 9),)}, "a storm names service 'net', expected a service with"),
        ({"resolution": {**SPEC.resolution, "fatal": Resolution(60.0)}}, "resolution names severity 'fatal'"),
        ({"resolution": {**SPEC.resolution, "low": Resolution(60.0, sigma=0.0)}}, "the low law is"),
        ({"never_resolved": 1.0}, r"never_resolved is 1\.0"),
        ({"days": 0}, "days is 0, expected at least 1"),
        ({"weekday_load": (1.0,)}, "weekday_load has 1 entries, expected 7"),
        ({"daily_amplitude": 2.0}, r"daily_amplitude is 2\.0"),
        (
            {"services": (Service("db", "data", slope_per_day=0.6), SPEC.services[1])},
            r"slope_per_day of db is 0\.6, expected within 0\.5714",
        ),
    ],
)
def test_what_cannot_be_drawn_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(HistoryError, match=message):
        replace(SPEC, **change)


def test_the_watermark_ends_the_last_day() -> None:
    assert replace(SPEC, start=datetime(2024, 2, 1), days=29).watermark == datetime(2024, 3, 1)


def test_repeats_count_towards_what_a_service_fires() -> None:
    assert SPEC.own_per_day("db") == 2.0 + 3.0 * 2.0


def test_the_median_of_a_law_is_exact_and_its_tail_joins_its_body() -> None:
    law = Resolution(600.0, sigma=1.0, tail_share=0.05, tail_alpha=1.2)
    assert law.quantile(0.5) == 600.0
    assert law.quantile(0.95) == pytest.approx(600.0 * np.exp(1.6448536269514722))
    assert law.quantile(0.95 + 1e-9) == pytest.approx(law.quantile(0.95), rel=1e-6)
    assert law.quantile(0.995) == pytest.approx(law.splice_s * 10.0 ** (1 / 1.2))


def test_the_quantiles_of_a_lag_are_log_normal() -> None:
    cascade = Cascade("A", "B", 0.5, lag_s=40.0, lag_sigma=0.5)
    assert cascade.lag_quantile(0.5) == pytest.approx(40.0)
    assert cascade.lag_quantile(0.9772498680518208) == pytest.approx(40.0 * np.e)
