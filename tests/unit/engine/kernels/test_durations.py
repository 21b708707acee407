from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alert_analytics.engine.kernels.durations import by_group_and_duration


def _agrees(group: np.ndarray, duration_us: np.ndarray, n_groups: int) -> None:
    """Against a sort of whole rows: within a group and duration the order is free."""
    rng = np.random.default_rng(group.size)
    resolved, cluster = rng.random(group.size) < 0.5, rng.integers(0, 2**40, group.size)
    before = duration_us.copy()
    first, seconds, ended, clusters = by_group_and_duration(group, n_groups, duration_us, resolved, cluster)
    assert first.tolist() == [int(np.sum(group < g)) for g in range(n_groups + 1)]
    places = np.repeat(np.arange(n_groups), np.diff(first))
    rows = list(zip(places.tolist(), seconds.tolist(), ended.tolist(), clusters.tolist(), strict=True))
    given_rows = zip(group.tolist(), (duration_us / 1e6).tolist(), resolved.tolist(), cluster.tolist(), strict=True)
    assert [row[:2] for row in rows] == sorted(row[:2] for row in rows)
    assert sorted(rows) == sorted(given_rows)
    assert duration_us.tolist() == before.tolist()  # what was given stays as it was


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), max_size=30))
def test_few_alerts(rows: list[tuple[int, int]]) -> None:
    group, duration = np.array([g for g, _ in rows], np.int32), np.array([d for _, d in rows], np.int64)
    _agrees(group, duration, 4)


@pytest.mark.parametrize("unit", [1, 1_000, 1_000_000])
@pytest.mark.parametrize("longest", [1, 5_000, 2**25])
def test_many_alerts_by_the_digits_of_their_durations(unit: int, longest: int) -> None:
    rng = np.random.default_rng(longest)
    n = 700
    group = rng.integers(0, 3, n).astype(np.int32)
    _agrees(group, rng.integers(0, longest, n) * unit, 3)


def test_digits_that_all_have_in_common_are_passed_over() -> None:
    n = 300
    duration = np.full(n, 2**30 + 7, dtype=np.int64)
    duration[::2] += 2**13
    _agrees(np.zeros(n, np.int32), duration, 1)


def test_several_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alert_analytics.engine.kernels.threads._LITTLE", 10)
    monkeypatch.setattr("alert_analytics.engine.kernels.threads.config.NUMBA_NUM_THREADS", 3)
    rng = np.random.default_rng(1)
    _agrees(rng.integers(0, 4, 1_500).astype(np.int32), rng.integers(0, 10**9, 1_500), 4)
