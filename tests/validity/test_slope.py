"""Coverage and false positives of the weekly slope on series that look like alert counts."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.validity_slope import Condition, markdown, table


@pytest.fixture(scope="module")
def conditions() -> list[Condition]:
    return table(4_000, seed=20)


def test_interval_covers(conditions: list[Condition]) -> None:
    covered = sum(row.coverage * row.n_series for row in conditions)
    n = sum(row.n_series for row in conditions)
    assert n >= 4_000
    assert covered / n >= 0.935, "\n".join(markdown(conditions))


def test_false_positive_rate(conditions: list[Condition]) -> None:
    assert np.mean([row.false_positives for row in conditions]) <= 0.06, "\n".join(markdown(conditions))


@pytest.mark.parametrize("shape", ["plain", "zero-heavy", "storms"])
@pytest.mark.parametrize("rho", [0.0, 0.3, 0.6])
def test_no_kind_of_series_is_left_out(conditions: list[Condition], rho: float, shape: str) -> None:
    # About 450 series each: the bounds leave room for three standard errors.
    kind = [row for row in conditions if row.rho == rho and row.shape == shape]
    assert np.mean([row.coverage for row in kind]) >= 0.905
    assert np.mean([row.false_positives for row in kind]) <= 0.09
