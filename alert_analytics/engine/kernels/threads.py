"""Kernels on several threads: work is cut into parts of equal size, whose answers come back in order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TypeVar

import numpy as np
from numba import config

Part = TypeVar("Part")
Item = TypeVar("Item")
Made = TypeVar("Made")

_LITTLE = 200_000


def in_parts(work: Callable[[int, int], Part], n: int, *, at_least: int) -> list[Part]:
    """Do some work on ``range(n)`` part by part, as many at once as there are threads.

    Parameters
    ----------
    work : callable
        Takes where a part begins and ends. It calls kernels that are compiled with ``nogil``, else nothing is gained.
    n : int
        How much there is to do.
    at_least : int
        What a thread should have to do; less is done on fewer threads.

    Returns
    -------
    list
        What `work` returned, in order; at least one part, also where there is nothing to do. Numba's own threads
        (``prange``) would abort the process where two of the caller's threads ask at once.
    """
    n_threads: int = config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]  # the environment makes it
    n_parts = max(1, min(n_threads, n // at_least))
    cuts = list(pairwise(np.linspace(0, n, n_parts + 1, dtype=np.int64).tolist()))
    if n_parts == 1:
        return [work(0, n)]
    with ThreadPoolExecutor(n_parts) as pool:
        return list(pool.map(lambda cut: work(*cut), cuts))


def each(work: Callable[[Item], Made], items: Sequence[Item], size: int) -> list[Made]:
    """Do some work for each item, as many at once as there are threads.

    Parameters
    ----------
    work : callable
        Takes an item; calls kernels that are compiled with ``nogil``.
    items : sequence
        For what.
    size : int
        How much there is to do for all together, in alerts: little is done on one thread.

    Returns
    -------
    list
        What `work` returned, in the order of `items`.
    """
    n_threads: int = config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]  # the environment makes it
    if min(n_threads, len(items)) < 2 or size < _LITTLE:
        return [work(item) for item in items]
    with ThreadPoolExecutor(n_threads) as pool:
        return list(pool.map(work, items))
