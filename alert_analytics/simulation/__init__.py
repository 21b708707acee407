"""Alert histories and metric series with a known truth.

``simulate_history`` and ``simulate_metrics`` draw them; the specs say what to draw; ``sample_spec`` is
the one behind ``data/sample``, which ``python -m alert_analytics.simulation data/sample`` writes.
"""

from __future__ import annotations

from alert_analytics.simulation.history import SimulatedHistory, simulate_history
from alert_analytics.simulation.metrics import MetricColumn, MetricSpec, SimulatedMetrics, simulate_metrics
from alert_analytics.simulation.sample import SAMPLE_SEED, sample_metric_spec, sample_spec, write_sample
from alert_analytics.simulation.spec import (
    SEVERITIES,
    Cascade,
    HistorySpec,
    Resolution,
    Rule,
    Service,
    Storm,
    Tenant,
)

__all__ = [
    "SAMPLE_SEED",
    "SEVERITIES",
    "Cascade",
    "HistorySpec",
    "MetricColumn",
    "MetricSpec",
    "Resolution",
    "Rule",
    "Service",
    "SimulatedHistory",
    "SimulatedMetrics",
    "Storm",
    "Tenant",
    "sample_metric_spec",
    "sample_spec",
    "simulate_history",
    "simulate_metrics",
    "write_sample",
]
