"""The weekly slope beside maintenance windows: hardly biased, and its interval holds."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.validity_exposure import Row, markdown, table


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return table(8_000, seed=3)


def test_the_slope_is_hardly_biased(rows: list[Row]) -> None:
    # With 800 series a row the bounds leave room for three standard errors.
    assert abs(np.mean([row.bias for row in rows])) <= 0.05, "\n".join(markdown(rows))
    assert max(abs(row.bias) for row in rows) <= 0.2, "\n".join(markdown(rows))
    # Taking counts as they are left finds no rise, or a fall, where there is a rise.
    late = [row for row in rows if row.windows.startswith("late")]
    assert max(row.naive_bias for row in late) < -0.8


def test_the_interval_covers(rows: list[Row]) -> None:
    assert np.mean([row.coverage for row in rows]) >= 0.935, "\n".join(markdown(rows))
    assert min(row.coverage for row in rows) >= 0.92, "\n".join(markdown(rows))
    assert np.mean([row.false_positives for row in rows]) <= 0.06
    assert max(row.false_positives for row in rows) <= 0.08
