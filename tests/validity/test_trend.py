"""What change points, forecasts, detectable slopes and before-after ratios claim, on few series."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.validity_trend import changes, detectable, forecasts, markdown, mean_of, pooled_clear, ratios

pytestmark = pytest.mark.slow


def test_few_series_without_a_change_get_one_and_clear_changes_are_dated_right() -> None:
    rows = changes(100, seed=11, rhos=(0.5,), days=(60, 120))
    said = "\n".join(markdown(("days", "rho", "shape"), rows))
    n = sum(row.n for row in rows)
    # At most 5 %, and two standard errors of this number of series.
    assert mean_of(rows, "false") <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / n), said
    assert pooled_clear(rows) >= 0.93 - 2 * np.sqrt(0.93 * 0.07 / sum(row.shares["n_clear"] for row in rows)), said
    assert mean_of([row for row in rows if row.condition == (120, 0.5, "plain")], "power") >= 0.7, said


def test_forecast_intervals_cover() -> None:
    rows = forecasts(20, seed=12, days=(60, 120))
    said = "\n".join(markdown(("days", "rho", "shape", "growth"), rows))
    assert 0.92 <= mean_of(rows, "covered") <= 0.97, said
    assert min(row.shares["covered"] for row in rows) >= 0.86, said


def test_a_detectable_slope_is_found_four_times_in_five() -> None:
    rows = detectable(600, seed=13)
    said = "\n".join(markdown(("days", "rho", "shape"), rows))
    assert 0.76 <= mean_of(rows, "found") <= 0.84, said


def test_ratios_lie_in_their_intervals() -> None:
    rows = ratios(150, seed=14, stretches=((14, 14), (28, 56), (90, 90)))
    said = "\n".join(markdown(("days", "rho", "shape", "ratio"), rows))
    assert mean_of(rows, "covered") >= 0.935, said
    assert mean_of([row for row in rows if row.condition[3] == 1.0], "found") <= 0.065, said
