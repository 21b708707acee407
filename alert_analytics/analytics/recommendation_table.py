"""The table of the recommendations: each proposed change with its saving, its cost and its evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from alert_analytics.alerts.changes import RuleChange
from alert_analytics.analytics.candidates import KINDS, Candidate
from alert_analytics.analytics.recommendation_words import CLOSING, change_in_words, evidence_in_words
from alert_analytics.analytics.replay_rows import Rows

Ints = npt.NDArray[np.int64]

_ORDER = (
    *("item", "kind", "change", "saved_per_week", "saved_low", "saved_high", "n_alerts", "n_saved", "share_saved"),
    *(
        "n_missed",
        "missed_share",
        "missed_high",
        "q_value",
        "n_delayed",
        "n_unknown",
        "n_unsaid",
        "evidence",
        "also",
        "note",
    ),
)


def saved_together(rows: Rows, found: Sequence[Candidate], best: Ints) -> int:
    """Count the alerts that all changes together would save, each once; closing some without a hand tells as many."""
    saved = np.zeros(rows.item.size, dtype=np.bool_)
    for place, one in enumerate(found):
        if one.kind != CLOSING:
            saved |= one.found.is_saved & (best == place)[rows.item]
    return int(saved.sum())


def closed_together(found: Sequence[Candidate], best: Ints) -> int:
    """Count the alerts that would close by themselves instead of by hand; each is of one item, so of one change."""
    place = KINDS.index(CLOSING)
    return int(found[place].saving.n_saved[best == place].sum())


def table_of(
    rows: Rows,
    found: Sequence[Candidate],
    best: Ints,
    items: Ints,
    changes: Sequence[RuleChange],
    pair_of: Mapping[str, dict[str, Any]],
) -> pa.Table:
    """Lay the proposed changes out, a row per item.

    Parameters
    ----------
    rows : Rows
        The alerts.
    found : sequence of Candidate
        Every sort of change.
    best : ndarray of int64
        By item the place of the one proposed.
    items : ndarray of int64
        The items to lay out, in this order.
    changes : sequence of RuleChange
        Of each.
    pair_of : mapping of str to dict
        By follower its row of the correlation.

    Returns
    -------
    pyarrow.Table
        As :class:`alert_analytics.analytics.recommendations.Recommendations` says.
    """
    columns = [pa.table(one.saving.columns(items)) for one in found]
    places = best[items]
    parts = [columns[place].slice(row, 1) for row, place in enumerate(places)]
    counts = pa.concat_tables(parts) if parts else columns[0]
    names = [rows.names[item] for item in items]
    told = [
        evidence_in_words(change, row, pair_of.get(str(name)))
        for change, row, name in zip(changes, counts.to_pylist(), names, strict=True)
    ]
    q = [float(found[place].q_value[item]) for place, item in zip(places, items, strict=True)]
    more = {
        "item": pa.array(names, pa.string()),
        "kind": pa.array([KINDS[place] for place in places], pa.string()),
        "change": pa.array([change_in_words(change) for change in changes], pa.string()),
        "q_value": pa.array(np.array(q, dtype=np.float64), pa.float64(), from_pandas=True),
        "evidence": pa.array(told, pa.string()),
        "also": pa.array([_also(rows, found, place, item) for place, item in zip(places, items, strict=True)]),
    }
    more["also"] = more["also"].cast(pa.string())
    return pa.table({name: more[name] if name in more else counts[name] for name in _ORDER})


def _also(rows: Rows, found: Sequence[Candidate], place: int, item: int) -> str | None:
    """Other kinds that would do, with their saving."""
    others = [
        f"{one.kind} ({one.saving.n_saved[item]:,} saved)"
        for other, one in enumerate(found)
        if other != place and one.is_sound[item]
    ]
    return "; ".join(others) or None
