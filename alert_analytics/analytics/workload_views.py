"""Closer looks at a load: by the hour, over the week, over time, and from hand to hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from alert_analytics.analytics.estimates import estimates
from alert_analytics.analytics.workload_open import over_time
from alert_analytics.analytics.workload_seen import SUPPRESSED, Load
from alert_analytics.analytics.workload_table import keys_of, wait_of

_EPOCH = datetime(1970, 1, 1)
_MICROSECOND = timedelta(microseconds=1)


def by_hour(load: Load, names: Sequence[str], level: float) -> pa.Table:
    """See :meth:`WorkloadAnalysis.by_hour`."""
    told = np.flatnonzero((load.responder >= 0) & ~load.hidden()[load.row])
    codes = load.row[told] * 24 + load.hour[told]
    order = np.argsort(codes, kind="stable")
    cells, starts = np.unique(codes[order], return_index=True)
    parts = np.split(told[order], starts[1:]) if told.size else []
    columns = {
        **keys_of(load, cells // 24, names),
        "hour": pa.array(cells % 24, pa.int64()),
        "n_alerts": pa.array([part.size for part in parts], pa.int64()),
        "n_interruptions": pa.array([int(load.interrupts[part].sum()) for part in parts], pa.int64()),
        "n_acknowledged": pa.array([int(load.is_acknowledged[part].sum()) for part in parts], pa.int64()),
        **estimates("acknowledge_median_", [wait_of(load, part, level) for part in parts]),
    }
    return pa.table(columns)


def calendar(load: Load, names: Sequence[str]) -> pa.Table:
    """See :meth:`WorkloadAnalysis.calendar`."""
    rows = np.flatnonzero(~load.hidden())
    which = load.interrupts
    codes = (load.row[which] * 7 + load.weekday[which]) * 24 + load.hour[which]
    counts = np.bincount(codes, minlength=load.n_rows * 168).reshape(load.n_rows, 168)[rows]
    week = np.tile(np.arange(168), rows.size)
    columns = {
        **keys_of(load, np.repeat(rows, 168), names),
        "weekday": pa.array(week // 24 + 1, pa.int64()),
        "hour": pa.array(week % 24, pa.int64()),
        "n_interruptions": pa.array(counts.ravel().astype(np.int64)),
    }
    return pa.table(columns)


def open_over_time(load: Load, names: Sequence[str], every: timedelta) -> pa.Table:
    """See :meth:`WorkloadAnalysis.open_over_time`."""
    rows = np.flatnonzero(~load.hidden())
    width = every // _MICROSECOND
    starts = np.arange(load.start_us, load.until_us, width)
    mean, most = over_time(load, np.append(starts, load.until_us))
    moments = [_EPOCH + int(start) * _MICROSECOND for start in starts]
    columns = {
        **keys_of(load, np.repeat(rows, starts.size), names),
        "bucket_start": pa.array(moments * rows.size, pa.timestamp("us")),
        "mean_open": pa.array(mean[rows].ravel()),
        "most_open": pa.array(most[rows].ravel().astype(np.int64)),
    }
    return pa.table(columns)


def paths(found: pa.Table, load: Load, *, show_all: bool) -> pa.Table:
    """Put names that are not shown together; see :meth:`WorkloadAnalysis.paths`."""
    shown = {key[0] for key, n in zip(load.keys, load.pooled, strict=True) if not n}
    merged: dict[tuple[str | None, str | None, str], list[Any]] = {}
    for row in found.to_pylist():
        ends = [
            end if end is None or end in shown or show_all else SUPPRESSED for end in (row["from_whom"], row["to_whom"])
        ]
        if SUPPRESSED in ends and load.is_hidden:
            continue
        way = merged.setdefault((ends[0], ends[1], row["kind"]), [0, []])
        way[0] += row["n_handed"]
        way[1].append(row["median_s"])
    rows = sorted(merged.items(), key=lambda item: -item[1][0])
    return pa.table(
        {
            "from_whom": pa.array([key[0] for key, _ in rows], pa.string()),
            "to_whom": pa.array([key[1] for key, _ in rows], pa.string()),
            "kind": pa.array([key[2] for key, _ in rows], pa.string()),
            "n_handed": pa.array([n for _, (n, _) in rows], pa.int64()),
            "median_s": pa.array([m[0] if len(m) == 1 else None for _, (_, m) in rows], pa.float64()),
        }
    )
