"""Numbers of seconds with their intervals: as columns of a table, and in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

_UNITS = ((172_800, 86_400, "d"), (3_600, 3_600, "h"), (120, 60, "min"))


@dataclass(frozen=True)
class Estimate:
    """A number of seconds with its interval; NaN where it, or an end, is not known."""

    value_s: float
    low_s: float
    high_s: float


def estimates(prefix: str, found: Sequence[Estimate], value: str | None = None) -> dict[str, pa.Array]:
    """Lay estimates out as three columns.

    Parameters
    ----------
    prefix : str
        ``median_`` gives ``median_s``, ``median_low_s``, ``median_high_s``.
    found : sequence of Estimate
        One a row.
    value : str, optional
        Another name for the first column.

    Returns
    -------
    dict of str to pyarrow.Array
        Null where a number is not known.
    """
    return {
        value or f"{prefix}s": known(one.value_s for one in found),
        f"{prefix}low_s": known(one.low_s for one in found),
        f"{prefix}high_s": known(one.high_s for one in found),
    }


def known(values: Iterable[float]) -> pa.Array:
    """Make a column of numbers, null where they are NaN."""
    return pa.array(np.fromiter(values, dtype=np.float64), pa.float64(), from_pandas=True)


def keyed(keys: Iterable[Sequence[str | None]], names: Sequence[str]) -> dict[str, pa.Array]:
    """Make the columns of ``by=``: a text column for each name, of the keys' values in order."""
    listed = list(keys)
    return {name: pa.array([key[i] for key in listed], pa.string()) for i, name in enumerate(names)}


def in_words(seconds: float, like: float | None = None) -> str:
    """Write a length of time in the unit that a person would use.

    Parameters
    ----------
    seconds : float
        At least 0.
    like : float, optional
        Another length whose unit to take, so that the two compare.

    Returns
    -------
    str
        ``45 s``, ``12 min``, ``3.5 h`` or ``2.31 d``: days from two days on, minutes from two minutes on.

    Examples
    --------
    >>> in_words(5400), in_words(45), in_words(200_000), in_words(5400, like=200_000)
    ('1.5 h', '45 s', '2.31 d', '0.0625 d')
    """
    leading = seconds if like is None else like
    for start, size, unit in _UNITS:
        if leading >= start:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"
