"""The buckets of a span of time, where they lie in the local day and week, and what a series did in each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from alert_analytics.history import Span

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Counts = Mapping[str, npt.NDArray[Any]]
"""The columns of ``alert_windows.sql``."""

STALE_US = 7 * 86_400_000_000
"""From firing on, an alert counts as open load for so long at most. What nobody ever closes would make the load grow
for ever, and every later window unlike those that a model was trained on."""

NEVER_US = int(np.iinfo(np.int64).min)
"""A time before every alert."""

_EPOCH = datetime(1970, 1, 1)
_TICK = timedelta(microseconds=1)
_HOUR_US = 3_600_000_000
_DAY_US = 24 * _HOUR_US
_WEEK_US = 7 * _DAY_US
_MONDAY_US = 4 * _DAY_US  # the epoch was a Thursday
_HOURS_A_WEEK = 168


@dataclass(frozen=True)
class Grid:
    """The whole buckets ``[k * every, (k + 1) * every)`` of a span, k counted from the Unix epoch in UTC.

    Attributes
    ----------
    start_us, every_us : int
        Start of the first bucket since the epoch, and their width, in microseconds.
    n : int
        How many.
    timezone : str
        Where day and week begin; an IANA name.
    """

    start_us: int
    every_us: int
    n: int
    timezone: str

    @classmethod
    def of(cls, span: Span | None, every: timedelta, timezone: str) -> Grid:
        """Find the whole buckets of a span; none where there is no span."""
        every_us = every // _TICK
        if span is None:
            return cls(0, every_us, 0, timezone)
        first = -((_EPOCH - span.start) // every)  # rounded up
        last = (span.end - _EPOCH) // every
        return cls(first * every_us, every_us, max(0, last - first), timezone)

    @property
    def end_us(self) -> int:
        """End of the last bucket; the start where there is none."""
        return self.start_us + self.n * self.every_us

    @cached_property
    def starts_us(self) -> Ints:
        """Start of each bucket since the epoch."""
        return self.start_us + self.every_us * np.arange(self.n, dtype=np.int64)

    @cached_property
    def cycles(self) -> Floats:
        """Sine and cosine of the middle of each bucket in the local day and in the local week, shape (n, 4)."""
        local = _local(self.starts_us + self.every_us // 2, self.timezone) - _MONDAY_US
        day, week = (2 * np.pi * ((local % length) / length) for length in (_DAY_US, _WEEK_US))
        return np.column_stack([np.sin(day), np.cos(day), np.sin(week), np.cos(week)])

    @cached_property
    def slots(self) -> Ints:
        """The hour of the local week in which each bucket begins: 0 is Monday 00:00."""
        slots: Ints = (_local(self.starts_us, self.timezone) - _MONDAY_US) % _WEEK_US // _HOUR_US
        return slots

    @cached_property
    def by_slot(self) -> Ints:
        """The buckets in order of slot, then time."""
        return np.argsort(self.slots, kind="stable")

    @cached_property
    def slot_begins(self) -> Ints:
        """For each of `by_slot` the place in it at which its slot begins."""
        slots = self.slots[self.by_slot]
        begins: Ints = np.searchsorted(slots, np.arange(_HOURS_A_WEEK))[slots]
        return begins

    def series(self, counts: Counts, first: int) -> dict[str, Floats]:
        """What one series did in each bucket from `first` on.

        Parameters
        ----------
        counts : mapping of str to numpy.ndarray
            The rows of ``alert_windows.sql`` of this series, in order of their buckets.
        first : int
            The bucket in which it begins.

        Returns
        -------
        dict of str to numpy.ndarray of float64, shape (n - first,)
            The features that depend on the series, by name.
        """
        place = counts["bucket"] + 1  # the time before the grid comes first

        def spread(name: str, nothing: float = 0) -> npt.NDArray[Any]:
            column = np.full(self.n + 1, nothing, dtype=counts[name].dtype)
            column[place] = counts[name]
            return column

        fired = spread("n_alerts")
        last_us = np.maximum.accumulate(spread("last_fired_us", NEVER_US))[1:]
        since_us = np.where(last_us == NEVER_US, np.nan, self.starts_us + self.every_us - last_us)
        columns = {name: spread(name)[1:] for name in ("n_rules", "n_high", "n_critical")}
        columns |= {
            "n_alerts": fired[1:],
            "mean_severity": spread("mean_severity", np.nan)[1:],
            "n_open": np.cumsum(fired - spread("n_left"))[1:],
            "n_resolved": spread("n_resolved")[1:],
            "since_last_s": since_us / 1e6,
        }
        return {name: column[first:] for name, column in columns.items()} | {"excess": self._excess(fired[1:], first)}

    def _excess(self, n_alerts: Ints, first: int) -> Floats:
        """How far each count lies above what this series' earlier buckets in the same hour of the week let expect."""
        ordered = n_alerts[self.by_slot]
        before = np.cumsum(ordered) - ordered
        total, known = np.empty(self.n), np.empty(self.n)
        total[self.by_slot] = before - before[self.slot_begins]
        known[self.by_slot] = np.arange(self.n) - self.slot_begins
        # No bucket before the series' first is known of it.
        known -= np.bincount(self.slots[:first], minlength=_HOURS_A_WEEK)[self.slots]
        counts = n_alerts[first:]
        with np.errstate(invalid="ignore"):  # nothing is known in the first bucket
            mean = (np.cumsum(counts) - counts) / np.arange(counts.size)
        expected = (total[first:] + mean) / (known[first:] + 1)
        excess: Floats = 2 * (np.sqrt(counts + 0.375) - np.sqrt(expected + 0.375))
        return excess


def _local(moments_us: Ints, timezone: str) -> Ints:
    """The wall clock at moments since the epoch, as microseconds; polars knows every zone on every system."""
    import polars as pl

    moments = pl.Series(moments_us.astype("datetime64[us]")).dt.replace_time_zone("UTC")
    local: Ints = moments.dt.convert_time_zone(timezone).dt.replace_time_zone(None).to_physical().to_numpy()
    return local
