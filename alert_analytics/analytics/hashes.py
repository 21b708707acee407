"""Codes by hashes: what a query lists once, and another names by its hash in every row."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from alert_analytics.engine import Answer

Hashes = npt.NDArray[np.uint64]


def distinctly(ask: Callable[[int], Answer]) -> tuple[pa.Table, Hashes, int]:
    """List what there is, with a hash in which no two are equal.

    Two of what is listed may have one hash, once in some million million histories: with another salt they have not.

    Parameters
    ----------
    ask : callable
        Takes a salt; its answer has the hashes in the column ``known``.

    Returns
    -------
    listed : pyarrow.Table
        The answer.
    hashes : numpy.ndarray of uint64
        Its hashes, each once.
    salt : int
        With which they are so.
    """
    for salt in count():
        listed = ask(salt).arrow()
        hashes: Hashes = listed["known"].to_numpy()
        if is_distinct(hashes):
            break
    return listed, hashes, salt


def is_distinct(hashes: Hashes) -> bool:
    """Whether each hash stands there once."""
    return bool(np.unique(hashes).size == hashes.size)
