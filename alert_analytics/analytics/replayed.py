"""What a change would have made of each alert: the rows, and one pass over them for each sort of change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property

import numpy as np
import numpy.typing as npt

from alert_analytics.alerts.changes import RuleChange
from alert_analytics.analytics.result import check_name
from alert_analytics.engine import Answer
from alert_analytics.engine.kernels.replay import NOBODY, joined_alerts, leading_alerts
from alert_analytics.history import AlertHistory
from alert_analytics.stats.saving import Bins, Scatter

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_MICROSECOND = timedelta(microseconds=1)
_DAY_US, _WEEK_US = 86_400_000_000, 604_800_000_000
_EPOCH = datetime(1970, 1, 1)


@dataclass(frozen=True, eq=False)
class Rows:
    """The alerts of a history in order of item and time, as arrays of one length.

    Attributes
    ----------
    item, stream, tenant : ndarray of int64
        Codes from 0; an item's is its place in :attr:`names`.
    time_us : ndarray of int64
        When each fired, in microseconds.
    acknowledged_after_us, ended_after_us : ndarray of int64
        Microseconds later; -1 for not by the watermark.
    is_manual, is_unsaid : ndarray of bool
        Whether it was resolved by hand; whether it ended and nothing says how.
    names : list of str
        The items; where alerts have none, a last one that is None.
    span_us : tuple of int
        Start and end of the history, and its watermark.
    knows_actions : bool
        Whether anything in the history says what people did: an acknowledgement, or how an alert was resolved.
    """

    item: Ints
    stream: Ints
    tenant: Ints
    time_us: Ints
    acknowledged_after_us: Ints
    ended_after_us: Ints
    is_manual: Bools
    is_unsaid: Bools
    names: list[str | None]
    span_us: tuple[int, int, int]
    knows_actions: bool

    @cached_property
    def is_acted_on(self) -> Bools:
        """Whether somebody acknowledged it or resolved it by hand; an end of which nothing says how may be one."""
        return (self.acknowledged_after_us >= 0) | self.is_manual | self.is_unsaid

    @cached_property
    def ended_us(self) -> Ints:
        """When it ended; what is open ends beyond all time."""
        return np.where(self.ended_after_us >= 0, self.time_us + self.ended_after_us, np.iinfo(np.int64).max)

    @cached_property
    def n_alerts(self) -> Ints:
        """By item."""
        return np.bincount(self.item, minlength=len(self.names))

    @cached_property
    def stream_day(self) -> Ints:
        """A code from 0 for each stream and day."""
        day = self.time_us // _DAY_US
        n_days = int(day.max(initial=0)) + 1
        found: Ints = np.unique(self.stream * n_days + day, return_inverse=True)[1]
        return found

    @property
    def n_weeks(self) -> float:
        """Length of the span in weeks; 0 where it has none."""
        return (self.span_us[1] - self.span_us[0]) / _WEEK_US

    def without(self, name: str) -> Rows:
        """The same rows, an item of this name being as none."""
        return replace(self, names=[None if one == name else one for one in self.names])

    def counts(self, kept: Bools) -> Ints:
        """By item, how many rows are kept."""
        return np.bincount(self.item[kept], minlength=len(self.names))

    def scatter(self, kept: Bools) -> Scatter:
        """By item, how the rows kept scatter over days and weeks, counted back from the end of the span."""
        start, end, _ = self.span_us
        m = len(self.names)
        bins = []
        for length in (_DAY_US, _WEEK_US):
            n_bins = (end - start) // length
            back = np.maximum(end - 1 - self.time_us[kept], 0) // length
            inside = back < n_bins
            item, sizes = self._runs(self.item[kept][inside], back[inside])
            each = sizes.astype(np.float64)
            total, squares = (np.bincount(item, weights=one, minlength=m) for one in (each, each**2))
            bins.append(Bins(total.astype(np.float64), squares.astype(np.float64), int(n_bins)))
        return Scatter(self.counts(kept).astype(np.float64), *bins)

    def n_effective(self, kept: Bools) -> npt.NDArray[np.float64]:
        """By item, as how many independent events the rows kept count: days are clusters (Kish)."""
        item, sizes = self._runs(self.item[kept], self.time_us[kept] // _DAY_US)
        squares = np.bincount(item, weights=sizes.astype(np.float64) ** 2, minlength=len(self.names))
        total = self.counts(kept).astype(np.float64)
        return np.divide(total**2, squares, out=np.zeros_like(total), where=squares > 0)

    @staticmethod
    def _runs(item: Ints, bin_: Ints) -> tuple[Ints, Ints]:
        """Items and sizes of the runs of equal item and bin; rows are in order of both."""
        if not item.size:
            return item, item
        first = np.flatnonzero(np.concatenate([[True], (np.diff(item) != 0) | (np.diff(bin_) != 0)]))
        return item[first], np.diff(np.append(first, item.size))


@dataclass(frozen=True, eq=False)
class Outcome:
    """What became of each alert under a change; arrays beside the rows.

    Attributes
    ----------
    is_saved : ndarray of bool
        It would have interrupted nobody.
    is_missed : ndarray of bool
        It is saved, somebody had acted on it, and nothing else would have called them.
    is_unknown : ndarray of bool
        It is open for less time than the change asks about: counted as not saved.
    delay_us : ndarray of int64
        By how much later one that is not saved would have fired.
    """

    is_saved: Bools
    is_missed: Bools
    is_unknown: Bools
    delay_us: Ints


def rows_of(history: AlertHistory, of: str, group_by: Sequence[str]) -> tuple[Rows, Answer]:
    """Fetch the rows of a history.

    Parameters
    ----------
    history : AlertHistory
        Whose alerts.
    of : str
        Column or label that says whose change it would be.
    group_by : sequence of str
        Columns or labels that alerts must share to be joined.
    """
    check_name("of", of)
    keys = {"item": (of,), "stream": tuple(group_by)}
    answer = history.ask("replay_rows", keys=keys, params={"watermark": history.watermark})
    found = answer.numpy()
    names = history.ask("replay_items", keys={"item": (of,)}).arrow()["item"].to_pylist()
    span, watermark = history.span, history.watermark
    ends = (span.start, span.end, watermark) if span and watermark else (_EPOCH, _EPOCH, _EPOCH)
    start_us, end_us, watermark_us = ((one - _EPOCH) // _MICROSECOND for one in ends)
    rows = Rows(
        found["item_code"],
        found["stream_code"],
        found["tenant_code"],
        found["time_us"],
        found["acknowledged_after_us"],
        found["ended_after_us"],
        found["is_manual"],
        found["is_unsaid"],
        names,
        (start_us, end_us, watermark_us),
        bool(found["is_told"].any()),
    )
    return rows, answer


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
    later. One acted on that would not have fired is missed. *widen the dedup window* and *merge*: an alert acted on
    that joins another is missed where that one was over by then and nobody had acted on it either. *resolve
    automatically*: saved are those that somebody resolved by hand, unacknowledged, later than `resolve_after`; missed
    are those that somebody acknowledged later than that. *delete*: all are saved, those acted on missed.
    """
    mine = np.ones(rows.item.size, dtype=np.bool_) if changed is None else changed
    if change.delete:
        return Outcome(mine.copy(), mine & rows.is_acted_on, np.zeros_like(mine), np.zeros_like(rows.time_us))
    hold_us, age_us = change.hold // _MICROSECOND, rows.span_us[2] - rows.time_us
    is_over, is_open = rows.ended_after_us >= 0, rows.ended_after_us < 0
    saved = mine & is_over & (rows.ended_after_us < hold_us)
    unknown = mine & is_open & (age_us < hold_us)
    missed = saved & rows.is_acted_on
    if change.dedup_window:
        joined = deduplicated(rows, mine & ~saved, change.dedup_window // _MICROSECOND)
        missed |= not_covered(rows, joined)
        saved |= joined != NOBODY
    if change.merge_into is not None:
        led = _led(rows, mine & ~saved, change)
        missed |= not_covered(rows, led)
        saved |= led != NOBODY
    if change.resolve_after is not None:
        after_us = change.resolve_after // _MICROSECOND
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
    share = np.minimum(told * (window_us / _DAY_US), 1.0)
    return np.bincount(rows.item, weights=share[code], minlength=len(rows.names)).astype(np.float64)


def closed_by_hand(rows: Rows, after_us: int) -> tuple[Bools, Bools]:
    """Alerts resolved by hand and never acknowledged, and alerts first acknowledged, later than `after_us`."""
    late = rows.acknowledged_after_us >= after_us
    return rows.is_manual & (rows.acknowledged_after_us < 0) & (rows.ended_after_us >= after_us), late


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
    # What ended, nobody knows how, counts against a change on either side: perhaps acted on, perhaps not.
    surely = (rows.acknowledged_after_us >= 0) | rows.is_manual
    covered = surely[told] | (rows.ended_us[told] > rows.time_us)
    missed: Bools = (joined != NOBODY) & rows.is_acted_on & ~covered
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
    led = led_alerts(rows, leader_of, change.merge_window // _MICROSECOND)
    return np.where(kept, led, NOBODY)
