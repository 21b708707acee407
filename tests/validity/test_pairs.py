"""Reduced runs of ``python -m benchmarks.validity_pairs``."""

from __future__ import annotations

import pytest

from alert_analytics.analytics.correlation import CorrelationAnalysis
from alert_analytics.simulation import HistorySpec, simulate_history
from benchmarks.validity_pairs import SharedEvents, cascade_spec, false_pair_share, null_specs, power


@pytest.mark.slow
@pytest.mark.parametrize("name", list(null_specs()))
def test_few_histories_without_a_cascade_show_a_pair(name: str) -> None:
    # With a true share of 5 % more than 8 of 60 happen once in 300 runs; the seeds are fixed, so this never flickers.
    # A history of a year stands for thirteen of four weeks.
    n_histories = 60 if null_specs()[name].days < 100 else 15
    assert false_pair_share(null_specs()[name], n_histories) <= 8 / 60


@pytest.mark.parametrize("name", [name for name, spec in null_specs().items() if isinstance(spec, SharedEvents)])
def test_an_event_that_reaches_many_scopes_is_one_observation(name: str) -> None:
    # With one observation per scope nearly every such history shows a pair.
    assert false_pair_share(null_specs()[name], 10) <= 1 / 10


def test_the_analysis_finds_no_pair_where_there_is_none() -> None:
    for seed in range(4):
        pairs = CorrelationAnalysis.from_alerts(simulate_history(HistorySpec.null(), seed).alerts)
        assert pairs.table["p_value"].null_count < pairs.table.num_rows
        assert pairs.graph().num_rows == 0


@pytest.mark.slow
def test_cascades_are_found_and_directed() -> None:
    found, directed, _ = power(cascade_spec(0.4, 3.0), 40)
    assert found >= 0.95
    assert directed >= 0.95
    found_rarely, _, _ = power(cascade_spec(0.2, 10.0), 40)
    assert found_rarely >= 0.9
