"""A model that is trained once for all of these tests: a small forest of the sample's hours."""

from __future__ import annotations

import pytest

import alert_analytics as aa
from alert_analytics.history import AlertHistory
from alert_analytics.training import TrainedModel, TrainingSpec, train


@pytest.fixture(scope="session")
def acme() -> AlertHistory:
    """Sixteen weeks of six services."""
    return aa.datasets.sample().tenant("acme")


@pytest.fixture(scope="session")
def small() -> TrainingSpec:
    """A forest of ten trees, that promises more than the history suffices for."""
    return TrainingSpec("small", parameters={"n_trees": 10}, false_alarm_rate=0.005, by=("service",))


@pytest.fixture(scope="session")
def trained(acme: AlertHistory, small: TrainingSpec) -> TrainedModel:
    """The one of the other, at one per cent."""
    return train(acme, small, or_rates=(0.01, 0.02))
