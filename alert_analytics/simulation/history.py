"""An alert history with a known truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa

from alert_analytics.alerts import RuleChange
from alert_analytics.simulation.changing import changed
from alert_analytics.simulation.firing import fire
from alert_analytics.simulation.resolving import resolve
from alert_analytics.simulation.spec import HistorySpec
from alert_analytics.simulation.table import canonical_table, latent_table
from alert_analytics.simulation.truth import history_truth


@dataclass(frozen=True)
class SimulatedHistory:
    """A drawn history, and what is true of it.

    Attributes
    ----------
    alerts : pyarrow.Table
        The canonical columns, a row per alert, ordered by ``fired_at``; times are naive UTC in microseconds.
    latent : pyarrow.Table
        Beside ``alerts``, row by row: ``cause``, ``burst``, ``time_to_resolve_s`` without censoring, ``incident``.
    truth : dict
        What was planted; see :func:`alert_analytics.simulation.truth.history_truth`.
    watermark : datetime
        Naive UTC; nothing at or after it is in ``alerts``.
    """

    alerts: pa.Table
    latent: pa.Table
    truth: dict[str, Any]
    watermark: datetime


def simulate_history(spec: HistorySpec, seed: int, changes: Mapping[str, RuleChange] | None = None) -> SimulatedHistory:
    """Draw an alert history with planted trends, cascades, bursts, storms and times to resolve.

    The history is drawn forwards in time and cut at the watermark: an alert whose resolve would come
    later is open, exactly as a monitoring system would show it on that day.

    Parameters
    ----------
    spec : HistorySpec
        What to draw.
    seed : int
        The same spec and seed give the same rows. Firings, outcomes and descriptions have random
        streams of their own, so that switching ``descriptions`` off moves no alert.
    changes : mapping of str to RuleChange, optional
        Rules that are changed; what they are changed from would have happened alike, so that the difference between
        the same seed with and without is what the change does.

    Returns
    -------
    SimulatedHistory
        Table, truth and watermark.

    Examples
    --------
    >>> from alert_analytics.simulation import HistorySpec, simulate_history
    >>> history = simulate_history(HistorySpec.null(n_rules=8, days=7), seed=1)
    >>> history.alerts.column_names[:3]
    ['tenant_id', 'alert_id', 'source']
    >>> history.truth["cascades"]
    []
    """
    firing_rng, outcome_rng, description_rng = (np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(3))
    firings = fire(spec, firing_rng)
    outcomes = resolve(spec, firings, outcome_rng)
    for rule, change in (changes or {}).items():
        firings, outcomes = changed(spec, firings, outcomes, rule, change)
    return SimulatedHistory(
        alerts=canonical_table(spec, firings, outcomes, description_rng),
        latent=latent_table(spec, firings, outcomes),
        truth=history_truth(spec, seed, firings, outcomes),
        watermark=spec.watermark,
    )
