"""Closer looks at a load: by the hour, over the week, over time, and from hand to hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from alert_analytics.analytics.estimates import estimates
from alert_analytics.analytics.suppression import SUPPRESSED, people_of, pool
from alert_analytics.analytics.workload_open import over_time
from alert_analytics.analytics.workload_seen import Bools, Ints, Load
from alert_analytics.analytics.workload_table import keys_of, wait_of
from alert_analytics.tables import counted

_EPOCH = datetime(1970, 1, 1)
_MICROSECOND = timedelta(microseconds=1)
_CELLS = 7 * 24
_OTHERS = 24  # in place of the hour where several are put together
_Way = tuple[str | None, str | None, str | None]


def by_hour(load: Load, names: Sequence[str], level: float) -> pa.Table:
    """See :meth:`WorkloadAnalysis.by_hour`."""
    told = _told(load)
    hour = np.where(_few_by_hour(load, told)[load.row[told], load.hour[told]], _OTHERS, load.hour[told])
    codes = load.row[told] * (_OTHERS + 1) + hour
    order = np.argsort(codes, kind="stable")
    cells, starts = np.unique(codes[order], return_index=True)
    parts = np.split(told[order], starts[1:]) if told.size else []
    hours = cells % (_OTHERS + 1)
    # The people of a row may be enough and those of its alerts that tell an hour too few.
    is_put = hours == _OTHERS
    hide = [put and _n_people(load, part) < load.suppress_below for put, part in zip(is_put, parts, strict=True)]
    shown = [part[:0] if hidden else part for part, hidden in zip(parts, hide, strict=True)]
    counts = {
        "n_alerts": [part.size for part in parts],
        "n_interruptions": [int(load.interrupts[part].sum()) for part in parts],
        "n_acknowledged": [int(load.is_acknowledged[part].sum()) for part in parts],
    }
    notes = [_note(load, part, hidden) if put else None for put, part, hidden in zip(is_put, parts, hide, strict=True)]
    columns = {
        **keys_of(load, cells // (_OTHERS + 1), names),
        "hour": pa.array(hours, pa.int64(), mask=is_put),
        **{name: pa.array(n, pa.int64(), mask=np.array(hide, dtype=np.bool_)) for name, n in counts.items()},
        **estimates("acknowledge_median_", [wait_of(load, part, level) for part in shown]),
        "note": pa.array(notes, pa.string()),
    }
    return pa.table(columns)


def calendar(load: Load, names: Sequence[str]) -> pa.Table:
    """See :meth:`WorkloadAnalysis.calendar`."""
    rows = np.flatnonzero(~load.hidden())
    counts, few = _week(load)
    place = np.tile(np.arange(_CELLS), rows.size)
    columns = {
        **keys_of(load, np.repeat(rows, _CELLS), names),
        "weekday": pa.array(place // 24 + 1, pa.int64()),
        "hour": pa.array(place % 24, pa.int64()),
        "n_interruptions": pa.array(counts[rows].ravel(), pa.int64(), mask=few[rows].ravel()),
    }
    return pa.table(columns)


def week(load: Load) -> pa.Table:
    """See :meth:`WorkloadAnalysis.week`."""
    counts, few = _week(load)
    counts = counts[~load.hidden()].sum(axis=0)
    # What a group does not show must not follow from the sum of all less what the others show.
    hidden = few.sum(axis=0) == 1
    which = np.flatnonzero(load.interrupts & ~load.hidden()[load.row])
    cell = _cell(load, which)
    kept = few[load.row[which], cell]
    n = people_of(cell[kept], [codes[which[kept]] for codes in load.people], _CELLS)
    hidden |= (n > 0) & (n < load.suppress_below)
    return pa.table(
        {
            "weekday": pa.array(np.arange(_CELLS) // 24 + 1, pa.int64()),
            "hour": pa.array(np.arange(_CELLS) % 24, pa.int64()),
            "n_interruptions": pa.array(counts, pa.int64(), mask=hidden),
        }
    )


def _told(load: Load) -> Ints:
    """The alerts of which it is known whom they interrupt, of rows that are shown."""
    return np.flatnonzero((load.responder >= 0) & ~load.hidden()[load.row])


def _cell(load: Load, which: Ints) -> Ints:
    found: Ints = load.weekday[which] * 24 + load.hour[which]
    return found


def _n_people(load: Load, which: Ints) -> int:
    return int(people_of(np.zeros(which.size, dtype=np.int64), [codes[which] for codes in load.people], 1)[0])


def _note(load: Load, which: Ints, hidden: bool) -> str:
    n = counted(np.unique(load.hour[which]).size, "hour")
    too_few = "; fewer together, so nothing is shown" if hidden else ""
    return f"{n} put together, for there are hours of fewer than {load.suppress_below} people{too_few}"


def _few_by_hour(load: Load, told: Ints) -> Bools:
    """The hours of each row that are put together: shown by themselves they, or a total less the rest, tell of few."""
    few = np.zeros((load.n_rows, 24), dtype=np.bool_)
    for row, part in _by_row(load, told):
        few[row] = pool(load.hour[part], [codes[part] for codes in load.people], 24, load.suppress_below).is_pooled
    return few


def _week(load: Load) -> tuple[Ints, Bools]:
    """The interruptions of each row by cell of the week, and the cells that are not shown."""
    interrupts = np.flatnonzero(load.interrupts)
    codes = load.row[interrupts] * _CELLS + _cell(load, interrupts)
    counts = np.bincount(codes, minlength=load.n_rows * _CELLS).reshape(load.n_rows, _CELLS).astype(np.int64)
    few = np.zeros((load.n_rows, 7, 24), dtype=np.bool_)
    by_hours = _few_by_hour(load, _told(load))
    for row, part in _by_row(load, interrupts[~load.hidden()[load.row[interrupts]]]):
        for hour in range(24):
            which = part[load.hour[part] == hour]
            found = pool(load.weekday[which], [codes[which] for codes in load.people], 7, load.suppress_below)
            few[row, :, hour] = by_hours[row, hour] | found.is_pooled
    return counts, few.reshape(load.n_rows, _CELLS) & (counts > 0)


def _by_row(load: Load, which: Ints) -> Iterator[tuple[int, Ints]]:
    """Give the alerts of each row that has any; none where everyone is shown anyway."""
    if load.suppress_below == 1 or not which.size:
        return
    ordered = which[np.argsort(load.row[which], kind="stable")]
    rows, starts = np.unique(load.row[ordered], return_index=True)
    yield from zip(rows.tolist(), np.split(ordered, starts[1:]), strict=True)


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


def paths(found: pa.Table, load: Load) -> pa.Table:
    """Put names that are not shown together, and ways of few people; see :meth:`WorkloadAnalysis.paths`."""
    shown = {key[0] for key, n in zip(load.keys, load.pooled, strict=True) if not n}
    merged: dict[_Way, list[Any]] = {}
    for row in found.to_pylist():
        ends = [
            end if end is None or end in shown or load.suppress_below == 1 else SUPPRESSED
            for end in (row["from_whom"], row["to_whom"])
        ]
        if SUPPRESSED in ends and load.is_hidden:
            continue
        way = merged.setdefault((ends[0], ends[1], row["kind"]), [0, [], [], []])
        way[0] += row["n_handed"]
        way[1].append(row["median_s"])
        way[2] += row["from_people"] or []
        way[3] += row["to_people"] or []
    rows = sorted(_without_few(merged, load.suppress_below).items(), key=lambda item: -item[1][0])
    return pa.table(
        {
            "from_whom": pa.array([key[0] for key, _ in rows], pa.string()),
            "to_whom": pa.array([key[1] for key, _ in rows], pa.string()),
            "kind": pa.array([key[2] for key, _ in rows], pa.string()),
            "n_handed": pa.array([way[0] for _, way in rows], pa.int64()),
            "median_s": pa.array([way[1][0] if len(way[1]) == 1 else None for _, way in rows], pa.float64()),
        }
    )


def _without_few(ways: dict[_Way, list[Any]], below: int) -> dict[_Way, list[Any]]:
    """Put the ways that few people went together in one of no kind; leave that out where they are few still."""
    if below == 1 or not ways:
        return ways
    group: list[int] = []
    who: tuple[list[int], list[int]] = ([], [])
    for place, way in enumerate(ways.values()):
        for side in (0, 1):
            group += [place] * len(way[2 + side])
            who[side].extend(way[2 + side])
            who[1 - side].extend([-1] * len(way[2 + side]))
    codes = [np.array(side, dtype=np.int64) for side in who]
    found = pool(np.array(group, dtype=np.int64), codes, len(ways), below)
    kept = {key: way for (key, way), few in zip(ways.items(), found.is_pooled, strict=True) if not few}
    few = [way for way, is_few in zip(ways.values(), found.is_pooled, strict=True) if is_few]
    if few and not found.is_hidden:
        kept[SUPPRESSED, SUPPRESSED, None] = [sum(way[0] for way in few), [None], [], []]
    return kept
