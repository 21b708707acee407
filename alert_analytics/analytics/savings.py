"""From what a change makes of each alert to numbers by item: saved per week, missed, and how sure both are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from alert_analytics.analytics.replay_rows import Rows
from alert_analytics.analytics.replayed import Outcome
from alert_analytics.stats.saving import prediction_interval, share_p_value, share_upper_bound

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

LEVEL = 0.95
TOLERABLE = 0.3
"""The share missed of what is saved that a change has to be shown to stay below."""
TOO_SHORT = "under three days: no interval"
NOTHING_SAID = "nothing says what people did with its alerts: what would be missed is not known"
SOME_UNSAID = "alerts of which nothing says whether somebody acted count as acted on"


@dataclass(frozen=True, eq=False)
class Saving:
    """What a change saves and misses, one entry per item.

    Attributes
    ----------
    n_alerts, n_saved, n_missed, n_unknown, n_delayed, n_unsaid : ndarray of int64
        Alerts; `n_delayed` are those acted on that would have come later, `n_unsaid` those of which nothing says
        whether somebody acted.
    knows_actions : ndarray of bool
        Whether anything says what people did with the item's alerts.
    per_week, low, high : ndarray of float64
        Saved a week, with the 95 % prediction interval of a stretch of the same length; NaN where not known.
    missed_share, missed_high : ndarray of float64
        Of the saved, those missed, and its one-sided 95 % upper bound (days are clusters); NaN where not known.
    p_value : ndarray of float64
        Of "it misses :data:`TOLERABLE` of what it saves, or more".
    """

    n_alerts: Ints
    n_saved: Ints
    n_missed: Ints
    n_unknown: Ints
    n_delayed: Ints
    n_unsaid: Ints
    knows_actions: npt.NDArray[np.bool_]
    per_week: Floats
    low: Floats
    high: Floats
    missed_share: Floats
    missed_high: Floats
    p_value: Floats

    @classmethod
    def of(cls, rows: Rows, found: Outcome) -> Saving:
        """Count an outcome by item."""
        n_saved, n_missed = rows.counts(found.is_saved), rows.counts(found.is_missed)
        low, high = prediction_interval(rows.scatter(found.is_saved), LEVEL)
        weeks = rows.n_weeks if rows.n_weeks > 0 else np.nan
        n, k = n_saved.astype(np.float64), n_missed.astype(np.float64)
        n_effective = rows.n_effective(found.is_saved)
        is_said = np.where(rows.knows_actions, 1.0, np.nan)
        share = np.divide(k, n, out=np.full(n.shape, np.nan), where=n > 0)
        return cls(
            rows.n_alerts,
            n_saved,
            n_missed,
            rows.counts(found.is_unknown),
            rows.counts((found.delay_us > 0) & rows.actions.is_acted_on),
            rows.counts(rows.actions.is_unsaid),
            rows.knows_actions,
            n / weeks,
            low / weeks,
            high / weeks,
            share * is_said,
            np.where(n > 0, share_upper_bound(k, n, n_effective, LEVEL), np.nan) * is_said,
            share_p_value(k, n, n_effective, TOLERABLE) * is_said,
        )

    def columns(self, chosen: Ints) -> dict[str, pa.Array]:
        """The numbers of the items chosen, as columns; null where not known, and then a note."""
        n_alerts, n_saved, n_unsaid = self.n_alerts[chosen], self.n_saved[chosen], self.n_unsaid[chosen]
        is_silent = ~self.knows_actions[chosen]
        unsaid = is_silent & (n_saved > 0)
        missed = np.where(unsaid, 0, self.n_missed[chosen])
        reasons = (
            (TOO_SHORT, np.isnan(self.low[chosen])),
            (NOTHING_SAID, unsaid),
            (SOME_UNSAID, ~is_silent & (n_unsaid > 0)),
        )
        notes = ["; ".join(words for words, said in reasons if said[i]) or None for i in range(chosen.size)]
        return {
            "saved_per_week": known(self.per_week[chosen]),
            "saved_low": known(self.low[chosen]),
            "saved_high": known(self.high[chosen]),
            "n_alerts": pa.array(n_alerts, pa.int64()),
            "n_saved": pa.array(n_saved, pa.int64()),
            "share_saved": known(n_saved / np.maximum(n_alerts, 1)),
            "n_missed": pa.array(missed, pa.int64(), mask=unsaid),
            "missed_share": known(self.missed_share[chosen]),
            "missed_high": known(self.missed_high[chosen]),
            "n_delayed": pa.array(self.n_delayed[chosen], pa.int64(), mask=is_silent),
            "n_unknown": pa.array(self.n_unknown[chosen], pa.int64()),
            "n_unsaid": pa.array(n_unsaid, pa.int64()),
            "note": pa.array(notes, pa.string()),
        }


def known(values: Floats) -> pa.Array:
    """As a column; NaN is null: not known."""
    return pa.array(values, pa.float64(), from_pandas=True)
