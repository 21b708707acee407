"""How many alerts were open at once: on average, at most, and over time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from alert_analytics.analytics.workload_seen import Load

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Steps:
    """How many alerts are open, as steps in time, row by row.

    Attributes
    ----------
    row, at_us, depth : numpy.ndarray of int64, shape (m,)
        From `at_us` on, `depth` alerts of `row` are open, until its next step; sorted by row and time.
    held_us : numpy.ndarray of int64, shape (m,)
        For how long.
    """

    row: Ints
    at_us: Ints
    depth: Ints
    held_us: Ints


def steps(load: Load) -> Steps:
    """Lay the alerts' open times over each other.

    Parameters
    ----------
    load : Load
        An alert is open from its firing to its end, both cut to the span.

    Returns
    -------
    Steps
        The last step of a row is back at 0.
    """
    start = np.clip(load.fired_us, load.start_us, load.until_us)
    end = np.clip(load.end_us, start, load.until_us)
    at = np.concatenate((start, end))
    row = np.concatenate((load.row, load.row))
    change = np.repeat(np.array([1, -1], dtype=np.int64), start.size)
    # Steps at one moment hold for no time, so that their order does not matter, even if an end comes before its firing.
    order = np.lexsort((change, at, row))
    row, at, change = row[order], at[order], change[order]
    depth = np.cumsum(change)
    held = np.zeros(at.size, dtype=np.int64)
    held[:-1] = np.where(row[1:] == row[:-1], np.diff(at), 0)
    return Steps(row, at, depth, held)


def at_once(load: Load) -> tuple[Floats, Floats, Floats]:
    """Say how many alerts of each row were open at once.

    Parameters
    ----------
    load : Load
        The alerts.

    Returns
    -------
    mean, most : numpy.ndarray of float64, shape (rows,)
        Over the span; the mean is NaN where it has no length.
    busy_share : numpy.ndarray of float64, shape (rows,)
        Share of the span with an open alert.
    """
    found, length = steps(load), load.until_us - load.start_us
    span = float(length) if length > 0 else np.nan
    held = found.held_us.astype(np.float64)
    mean = np.bincount(found.row, weights=held * found.depth, minlength=load.n_rows) / span
    busy = np.bincount(found.row, weights=held * (found.depth > 0), minlength=load.n_rows) / span
    most = np.zeros(load.n_rows)
    np.maximum.at(most, found.row, found.depth * (found.held_us > 0))
    return mean, most, busy


def over_time(load: Load, edges_us: Ints) -> tuple[Floats, Floats]:
    """Say how many alerts of each row were open in each stretch of time.

    Parameters
    ----------
    load : Load
        The alerts.
    edges_us : numpy.ndarray of int64, shape (b + 1,)
        The stretches' ends, ascending.

    Returns
    -------
    mean, most : numpy.ndarray of float64, shape (rows, b)
        On average and at most.
    """
    found, n = steps(load), edges_us.size - 1
    mean, most = np.zeros((load.n_rows, n)), np.zeros((load.n_rows, n))
    bounds = np.searchsorted(found.row, np.arange(load.n_rows + 1))
    for row in range(load.n_rows):
        part = slice(bounds[row], bounds[row + 1])
        at, depth, held = found.at_us[part], found.depth[part], found.held_us[part]
        if not at.size:
            continue
        area = np.concatenate(([0.0], np.cumsum(held * depth, dtype=np.float64)[:-1]))
        mean[row] = np.diff(np.interp(edges_us, at, area)) / np.diff(edges_us)
        lasting = held > 0
        place = np.searchsorted(at[lasting], edges_us[:-1], side="right") - 1
        levels = depth[lasting]
        most[row] = np.where(place >= 0, levels[np.maximum(place, 0)], 0) if levels.size else 0
        inside = np.searchsorted(edges_us, at[lasting], side="right") - 1
        kept = (inside >= 0) & (inside < n)
        np.maximum.at(most[row], inside[kept], levels[kept])
    return mean, most
