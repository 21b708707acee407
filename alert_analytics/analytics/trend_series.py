"""Counts over time behind a trend: bins, zeros where nothing fired, and the rolling mean."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from alert_analytics.analytics.result import key_columns
from alert_analytics.errors import HistoryError
from alert_analytics.history import AlertHistory, Span

_BUCKETS = (timedelta(weeks=1), timedelta(days=1), timedelta(hours=1))
_ENOUGH_BUCKETS = 100
_MOST_BINS = 1_000_000
_MONDAY = datetime(1970, 1, 5)  # weeks begin on Mondays


def check_bins(what: str, width: timedelta, length: timedelta) -> None:
    """Refuse a width of which too many lie in a length of time.

    Raises
    ------
    HistoryError
        There are more than a million.
    """
    if length / width > _MOST_BINS:
        raise HistoryError(
            f"{what}={width}: {length} has {length // width:,} of them; expected at most {_MOST_BINS:,}.",
            hint=f"{what}=timedelta(hours=1)",
        )


def default_bucket(span: Span | None) -> timedelta:
    """The coarsest of a week, a day and an hour that leaves a hundred bins."""
    length = timedelta(0) if span is None else span.end - span.start
    return next((width for width in _BUCKETS if length / width >= _ENOUGH_BUCKETS), _BUCKETS[-1])


def series_of(history: AlertHistory, names: Sequence[str], bucket: timedelta, window: int) -> pa.Table:
    """Lay out the counts of each series in each bin, as :attr:`TrendAnalysis.series` says."""
    span = history.span
    if span is None:
        return _series_table(pa.array([], pa.list_(pa.string())), names, np.zeros((0, 0)), [], [], 1)
    origin = _floor(span.start, bucket)
    params = {"origin": origin, "bucket_us": bucket // timedelta(microseconds=1)}
    found = history.ask("trend_series", keys={"series": names}, params=params).arrow()
    # The span's end begins no bucket of its own, unless an alert fired in that instant.
    n = max(-((origin - span.end) // bucket), max(found["bucket"].to_pylist(), default=0) + 1)
    keys, totals = dense(found, "bucket", n)
    starts = [origin + i * bucket for i in range(n)]
    whole = [span.start <= start and start + bucket <= span.end for start in starts]
    return _series_table(keys, names, totals, starts, whole, window)


def dense(found: pa.Table, column: str, n: int) -> tuple[pa.Array, npt.NDArray[np.float64]]:
    """Spread the counts that exist over a matrix of series by bins, zero where nothing fired."""
    encoded = [tuple(key) for key in found["series"].to_pylist()]
    place = {key: i for i, key in enumerate(dict.fromkeys(encoded))}
    matrix = np.zeros((len(place), n))
    bins = found[column].to_numpy()
    kept = (bins >= 0) & (bins < n)
    rows = np.fromiter((place[key] for key in encoded), dtype=np.int64, count=len(encoded))
    matrix[rows[kept], bins[kept]] = found["n_alerts"].to_numpy()[kept]
    return pa.array([list(key) for key in place], pa.list_(pa.string())), matrix


def _floor(moment: datetime, width: timedelta) -> datetime:
    return moment - (moment - _MONDAY) % width


def _series_table(
    keys: pa.Array,
    names: Sequence[str],
    totals: npt.NDArray[np.float64],
    starts: list[datetime],
    whole: list[bool],
    window: int,
) -> pa.Table:
    s, n = totals.shape
    rolling = np.full((s, n), np.nan)
    if n >= window:
        summed = np.cumsum(np.pad(totals, ((0, 0), (1, 0))), axis=1)
        rolling[:, window - 1 :] = (summed[:, window:] - summed[:, :-window]) / window
    repeated = keys.take(pa.array(np.repeat(np.arange(s), n), pa.int64()))
    columns = {
        **key_columns(repeated, names),
        "bucket_start": pa.array(starts * s, pa.timestamp("us")),
        "n_alerts": pa.array(totals.ravel().astype(np.int64)),
        "rolling_mean": pa.array(rolling.ravel(), pa.float64(), from_pandas=True),  # NaN is null: not known
        "is_whole": pa.array(whole * s, pa.bool_()),
    }
    return pa.table(columns)
