"""The one reader of matrices: numbers of any make as rows of floats, and nothing else as numbers; needs numpy alone."""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from alert_analytics.errors import FeatureMismatchError, WindowsError

Matrix = npt.NDArray[np.float32]

_FLOAT = np.dtype(np.float32)
_MISSING = {"NoneType", "NAType"}  # the latter is pandas', which need not be there


def column_names(data: Any) -> list[str] | None:
    """Name the columns of a dataframe, an Arrow table or a mapping, as text; None for a bare matrix."""
    keys = _keys(data)
    return None if keys is None else [str(key) for key in keys]


def read_matrix(data: Any, names: Sequence[str] | None = None, *, copy: bool = False) -> Matrix:
    """Read a matrix of numbers.

    Parameters
    ----------
    data : array-like of shape (n, d), dataframe, Arrow table, or mapping of str to array-like of shape (n,)
        Numbers or booleans; NaN or null where a value is missing.
    names : sequence of str, optional
        Which columns to take where they have names, in this order; all by default.
    copy : bool
        Give an array of its own, also where `data` is one that could be given as it is.

    Returns
    -------
    numpy.ndarray of float32, shape (n, d)
        C-contiguous. A number beyond float32 is infinite.

    Raises
    ------
    FeatureMismatchError
        A column of `names` is not there.
    WindowsError
        It is no matrix of numbers: text, times and complex numbers are none, whatever holds them.
    """
    try:
        values = _numbers(data, copy=copy) if (keys := _keys(data)) is None else _picked(data, keys, names)
    except FeatureMismatchError:
        raise
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise WindowsError(
            f"{type(data).__name__} is no matrix of numbers ({error}).",
            hint="windows hold theirs in windows.features."
            if hasattr(data, "features")
            else "give a two-dimensional array, a row per window; leave out columns that hold text or times.",
        ) from error
    if values.ndim != 2:
        raise WindowsError(
            f"An array of {values.ndim} dimension{'' if values.ndim == 1 else 's'} is no matrix; expected a row per "
            "window, a column per feature.",
            hint="a single window is values.reshape(1, -1), a single feature values.reshape(-1, 1).",
        )
    return values


def _keys(data: Any) -> list[Any] | None:
    """What the columns are asked for by; None where they have no names."""
    if type(data) is np.ndarray:  # first and fast: a row at a time is scored so
        return None
    if isinstance(data, Mapping):
        return list(data)
    if not hasattr(data, "columns"):
        return None
    # An Arrow table's `columns` are the columns themselves.
    return list(getattr(data, "column_names", data.columns))


def _picked(table: Any, keys: list[Any], names: Sequence[str] | None) -> Matrix:
    """Read columns by their names."""
    found = [str(key) for key in keys]
    wanted = found if names is None else names
    place = dict(zip(found, keys, strict=True))
    if not set(wanted) <= set(place):
        raise FeatureMismatchError.between(wanted, list(place), hint=f"there are: {', '.join(list(place)[:12])}.")
    if not wanted:
        raise ValueError("it has no column")
    if len(place) != len(found) and (repeated := [name for name in wanted if found.count(name) > 1]):
        raise ValueError(f"more than one column {repeated[0]!r}")
    columns = []
    for name in wanted:
        try:
            column = np.atleast_1d(_numbers(table[place[name]]))
        except (TypeError, ValueError) as error:
            raise TypeError(f"column {name!r}: {error}") from error
        if column.ndim != 1:
            raise ValueError(f"column {name!r} is an array of {column.ndim} dimensions")
        columns.append(column)
    return np.ascontiguousarray(np.column_stack(columns))


def _numbers(values: Any, *, copy: bool = False) -> Matrix:
    """Read numbers as floats, and nothing else as numbers."""
    if isinstance(values, np.ma.MaskedArray):  # what is masked is missing
        values = (
            np.where(np.ma.getmaskarray(values), np.nan, values.data) if values.dtype.kind in "biuf" else values.data
        )
    found = np.asarray(values)
    if found.dtype == _FLOAT:
        return np.array(found, order="C") if copy else np.asarray(found, order="C")
    if found.dtype.kind == "O":
        found = _of_objects(found)
    elif found.dtype.kind not in "biuf":
        raise TypeError(f"it holds {found.dtype}")
    with np.errstate(over="ignore"):  # too large for a float: an infinity
        return found.astype(np.float32, order="C")


def _of_objects(found: npt.NDArray[np.object_]) -> npt.NDArray[np.float64]:
    """Read numbers that lie one by one; numpy would take the text ``1`` for one too."""
    values = found.ravel().tolist()
    for kind in set(map(type, values)):
        is_number = issubclass(kind, (numbers.Real, np.bool_, Decimal)) and not issubclass(kind, np.timedelta64)
        if not is_number and kind.__name__ not in _MISSING:
            raise TypeError(f"it holds {kind.__name__}")
    return np.array([_one(value) for value in values], dtype=np.float64).reshape(found.shape)


def _one(value: Any) -> float:
    if type(value).__name__ in _MISSING:
        return math.nan
    try:
        return float(value)
    except OverflowError:  # a whole number of more than 300 figures
        return math.inf if value > 0 else -math.inf
