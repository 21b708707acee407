"""The table of compared pairs: names instead of codes, nulls with a note, what is found first."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from alert_analytics.analytics.correlation_counts import ComparedPairs
from alert_analytics.analytics.correlation_strength import PairStrengths

FDR = 0.05
"""A pair with a smaller q-value is called found."""

_NO_STRENGTH = "one of the two has no burst in the sampled blocks of time: no strength"


def pair_table(pairs: ComparedPairs, strengths: PairStrengths, items: pa.Table, untested: str) -> pa.Table:
    """Lay out the pairs that were seen together.

    Parameters
    ----------
    pairs : ComparedPairs
        Counts and tests.
    strengths : PairStrengths
        Of the same pairs.
    items : pyarrow.Table
        ``item`` and ``n_alerts``, in order of codes.
    untested : str
        The note of a pair without a p-value.

    Returns
    -------
    pyarrow.Table
        The columns of :class:`~alert_analytics.analytics.correlation.CorrelationAnalysis`.
    """
    expected, n_alerts = pairs.sums.expected, items["n_alerts"].to_numpy()
    columns: dict[str, npt.NDArray[Any]] = {
        "n_leader": n_alerts[pairs.leader],
        "n_follower": n_alerts[pairs.follower],
        "n_together": pairs.n_together,
        "n_bursts": pairs.sums.n_bursts,
        "n_bursts_together": pairs.sums.n_together,
        "expected": expected,
        "lift": np.divide(pairs.sums.n_together, expected, out=np.full(expected.shape, np.nan), where=expected > 0),
        "n_caused": strengths.n_caused,
        "strength": strengths.strength,
        "ebic_gain": strengths.ebic_gain,
        "p_value": pairs.tests.p_value,
        "q_value": pairs.q_value,
        "p_direction": pairs.tests.p_direction,
        "median_lag_s": pairs.median_lag_s,
    }
    # NaN compares false and sorts last, so that what cannot be tested or ranked comes at the end; ties go by name.
    order = np.lexsort((pairs.follower, pairs.leader, -strengths.strength, ~(pairs.q_value < FDR)))
    order = order[pairs.n_together[order] > 0]
    names = items["item"].combine_chunks().cast(pa.string())
    ends = {name: names.take(pa.array(getattr(pairs, name)[order])) for name in ("leader", "follower")}
    table = pa.table(ends | {name: _column(values[order]) for name, values in columns.items()})
    none, weak = (pa.scalar(note, pa.string()) for note in (None, _NO_STRENGTH))
    note = pc.if_else(pc.is_null(table["strength"]), weak, none)
    return table.append_column("note", pc.if_else(pc.is_null(table["p_value"]), pa.scalar(untested, pa.string()), note))


def _column(values: npt.NDArray[Any]) -> pa.Array:
    return pa.array(values, from_pandas=values.dtype.kind == "f")  # NaN is null: not known
