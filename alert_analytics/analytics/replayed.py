"""What a change would have made of each alert: one pass over the rows for each sort of change."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from alert_analytics.alerts.changes import RuleChange
from alert_analytics.analytics.actions import MANUAL
from alert_analytics.analytics.replay_rows import DAY_US, Rows, in_us
from alert_analytics.engine.kernels.replay import NOBODY, joined_alerts, leading_alerts

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Outcome:
    """What became of each alert under a change; arrays beside the rows.

    Attributes
    ----------
    is_saved : ndarray of bool
        It would have interrupted nobody.
    is_missed : ndarray of bool
        It is saved, somebody had acted on it or may have, and nothing else would have called them.
    is_unknown : ndarray of bool
        It is open for less time than the change asks about: counted as not saved.
    delay_us : ndarray of int64
        By how much later one that is not saved would have fired.
    """

    is_saved: Bools
    is_missed: Bools
    is_unknown: Bools
    delay_us: Ints


def outcome(rows: Rows, change: RuleChange, *, changed: Bools | None = None) -> Outcome:
    """Replay a change over rows.

    Parameters
    ----------
    rows : Rows
        All that the change needs to see: a merge also the leader's alerts.
    change : RuleChange
        Its parts apply one after the other: what does not hold long enough is neither joined nor joins.
    changed : ndarray of bool, optional
        Which rows it is about; all of them by default.

    Returns
    -------
    Outcome
        Of all rows; those it is not about are untouched.

    Notes
    -----
    *raise for*: an alert that ended less than `hold` after it fired would not have fired; one that lasted, would have
    later. One acted on that would not have fired is missed; so is, here and below, one of which nothing says whether
    somebody acted (see :mod:`alert_analytics.analytics.actions`). *widen the dedup window* and *merge*: an alert acted
    on that joins another is missed where that one was over by then and nobody had acted on it either. *resolve
    automatically*: saved are those that somebody resolved by hand, unacknowledged, later than `resolve_after`; missed
    are those that somebody acknowledged later than that. *delete*: all are saved, those acted on missed.
    """
    mine = np.ones(rows.item.size, dtype=np.bool_) if changed is None else changed
    if change.delete:
        return Outcome(mine.copy(), mine & rows.is_perhaps_acted_on, np.zeros_like(mine), np.zeros_like(rows.time_us))
    hold_us, age_us = in_us(change.hold), rows.span_us[2] - rows.time_us
    is_over, is_open = rows.ended_after_us >= 0, rows.ended_after_us < 0
    saved = mine & is_over & (rows.ended_after_us < hold_us)
    unknown = mine & is_open & (age_us < hold_us)
    missed = saved & rows.is_perhaps_acted_on
    if change.dedup_window:
        joined = deduplicated(rows, mine & ~saved, in_us(change.dedup_window))
        missed |= not_covered(rows, joined)
        saved |= joined != NOBODY
    if change.merge_into is not None:
        led = _led(rows, mine & ~saved, change)
        missed |= not_covered(rows, led)
        saved |= led != NOBODY
    if change.resolve_after is not None:
        after_us = in_us(change.resolve_after)
        closed, late = closed_by_hand(rows, after_us)
        saved |= mine & closed
        missed |= mine & late
        unknown |= mine & is_open & (age_us < after_us)
    return Outcome(saved, missed, unknown & ~saved, np.where(mine & ~saved, hold_us, 0))


def saved_by_chance(rows: Rows, found: Outcome, window_us: int) -> npt.NDArray[np.float64]:
    """By item, how many alerts a dedup window would save of independent ones that are told as often.

    Of a Poisson process a window w saves the share r w, r the rate of those told; by stream and day, so that a busy day
    is held against its own rate.
    """
    code = rows.stream_day
    told = np.bincount(code, weights=~found.is_saved)
    share = np.minimum(told * (window_us / DAY_US), 1.0)
    return np.bincount(rows.item, weights=share[code], minlength=len(rows.names)).astype(np.float64)


def closed_by_hand(rows: Rows, after_us: int) -> tuple[Bools, Bools]:
    """Alerts resolved by hand and never acknowledged, and alerts first acknowledged, later than `after_us`."""
    late = rows.acknowledged_after_us >= after_us
    return (rows.ending == MANUAL) & (rows.acknowledged_after_us < 0) & (rows.ended_after_us >= after_us), late


def led_alerts(rows: Rows, leader_of: Ints, window_us: int, kept: Bools | None = None) -> Ints:
    """By row, the latest alert of its item's leader in the window before it, in the same tenant."""
    chosen = np.arange(rows.item.size) if kept is None else np.flatnonzero(kept)
    order = chosen[np.lexsort((rows.item[chosen], rows.time_us[chosen], rows.tenant[chosen]))]
    found = leading_alerts(
        rows.tenant[order], rows.item[order], rows.time_us[order], leader_of=leader_of, window_us=window_us
    )
    led = np.full(rows.item.size, NOBODY, dtype=np.int64)
    led[order] = np.where(found >= 0, order[found], NOBODY)
    return led


def not_covered(rows: Rows, joined: Ints) -> Bools:
    """Alerts acted on that would have joined one that was over by then and that nobody had acted on."""
    told = np.maximum(joined, 0)
    # What nothing is said of counts against a change on either side: perhaps acted on, perhaps not.
    covered = rows.actions.is_acted_on[told] | (rows.ended_us[told] > rows.time_us)
    missed: Bools = (joined != NOBODY) & rows.is_perhaps_acted_on & ~covered
    return missed


def deduplicated(rows: Rows, kept: Bools, window_us: int) -> Ints:
    """By row, the alert that it joins; one that would not have fired opens no window."""
    chosen = np.flatnonzero(kept)
    n_streams = int(rows.stream.max(initial=-1)) + 1
    found = joined_alerts(rows.stream[chosen], rows.time_us[chosen], n_streams=n_streams, window_us=window_us)
    joined = np.full(rows.item.size, NOBODY, dtype=np.int64)
    joined[chosen] = np.where(found >= 0, chosen[found], NOBODY)
    return joined


def _led(rows: Rows, kept: Bools, change: RuleChange) -> Ints:
    leader_of = np.full(len(rows.names), NOBODY, dtype=np.int64)
    if change.merge_into in rows.names:
        leader_of[:] = rows.names.index(change.merge_into)
    led = led_alerts(rows, leader_of, in_us(change.merge_window))
    return np.where(kept, led, NOBODY)
