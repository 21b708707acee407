"""The alerts of a history as rows to replay: what a change needs to know of each, in arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property

import numpy as np
import numpy.typing as npt

from alert_analytics.analytics.actions import UNSAID, Actions
from alert_analytics.analytics.result import check_name
from alert_analytics.engine import Answer
from alert_analytics.history import AlertHistory
from alert_analytics.stats.saving import Bins, Scatter

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

DAY_US = 86_400_000_000
_WEEK_US = 7 * DAY_US
_MICROSECOND = timedelta(microseconds=1)
_LONGEST_US = 2**60
_EPOCH = datetime(1970, 1, 1)


@dataclass(frozen=True, eq=False)
class Rows:
    """The alerts of a history in order of item and time, as arrays of one length.

    Attributes
    ----------
    item, stream, tenant, source : ndarray of int64
        Codes from 0; an item's is its place in :attr:`names`, a source is one of a tenant.
    time_us : ndarray of int64
        When each fired, in microseconds.
    acknowledged_after_us, ended_after_us : ndarray of int64
        Microseconds later; -1 for not by the watermark.
    ending : ndarray of int8
        How it ended, a code of :mod:`alert_analytics.analytics.actions`.
    names : list of str
        The items; where alerts have none, a last one that is None.
    span_us : tuple of int
        Start and end of the history, and its watermark.
    """

    item: Ints
    stream: Ints
    tenant: Ints
    source: Ints
    time_us: Ints
    acknowledged_after_us: Ints
    ended_after_us: Ints
    ending: npt.NDArray[np.int8]
    names: list[str | None]
    span_us: tuple[int, int, int]

    @cached_property
    def actions(self) -> Actions:
        """What is known of people's doing."""
        return Actions.of(self.source, self.acknowledged_after_us >= 0, self.ended_after_us >= 0, self.ending)

    @cached_property
    def is_perhaps_acted_on(self) -> Bools:
        """Whether somebody acted on it, or may have: nothing says that nobody did."""
        return self.actions.is_acted_on | self.actions.is_unsaid

    @cached_property
    def knows_actions(self) -> Bools:
        """By item, whether anything says what people did: of one alert at least it is said whether one acted."""
        is_silent = (self.acknowledged_after_us < 0) & ((self.ended_after_us < 0) | (self.ending == UNSAID))
        return self.counts(self.actions.tells & ~is_silent) > 0

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
        day = self.time_us // DAY_US
        n_days = int(day.max(initial=0)) + 1
        found: Ints = np.unique(self.stream * n_days + day, return_inverse=True)[1]
        return found

    @property
    def repeats(self) -> bool:
        """Whether any two alerts are of one stream, and so could be joined."""
        return bool(self.stream.size > int(self.stream.max(initial=-1)) + 1)

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
        for length in (DAY_US, _WEEK_US):
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
        item, sizes = self._runs(self.item[kept], self.time_us[kept] // DAY_US)
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


def in_us(length: timedelta) -> int:
    """A length of time in microseconds; one beyond all histories as the longest that their arrays can add up."""
    return min(length // _MICROSECOND, _LONGEST_US)


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

    Raises
    ------
    HistoryError
        `of` is no name.
    UnknownColumnError
        `of` or `group_by` names nothing.
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
        found["source_code"],
        found["time_us"],
        found["acknowledged_after_us"],
        found["ended_after_us"],
        found["ending"],
        names,
        (start_us, end_us, watermark_us),
    )
    return rows, answer
