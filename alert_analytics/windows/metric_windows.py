"""Windows over metric series: so many consecutive rows of an entity, side by side."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.types as kinds

from alert_analytics.errors import WindowsError
from alert_analytics.tables import counted
from alert_analytics.windows.feature import Feature, Features
from alert_analytics.windows.origin import ALL
from alert_analytics.windows.splitting import Times
from alert_analytics.windows.steps import (
    Ints,
    checked_length,
    refuse_none,
    refuse_other_steps,
    usual_step,
    window_starts,
)
from alert_analytics.windows.windows import Windows


def metric_windows(
    frame: Any,
    entity: str | None = "entity",
    time: str = "t",
    columns: str | Sequence[str] | None = None,
    length: int = 10,
    label: str | None = None,
) -> Windows:
    """Lay every `length` consecutive rows of an entity side by side as one window.

    Without `columns` every numeric column is a feature: also a row number, or a label that `label` does not name, which
    would tell a model the answer.

    Parameters
    ----------
    frame : dataframe that speaks Arrow
        pandas, polars, pyarrow or a DuckDB relation, a row per entity and time, in any order; it is not changed.
    entity : str or None
        The column that says whose row it is; None: there is one series, called ``all``.
    time : str
        A timestamp (without a zone it is UTC) or an integer step.
    columns : str or sequence of str, optional
        The metrics, numbers (or booleans); by default all numeric columns but `entity`, `time` and `label`, and but the
        index of a pandas frame. A missing value stays missing.
    length : int
        Rows in a window, oldest first: the columns of step ``[t-9]``, then of ``[t-8]``, ... then of ``[t]``.
    label : str, optional
        A column of 0 and 1 (or booleans), 1 where the row is known to be anomalous. A window has that of its last row;
        it is known to be normal (`is_normal`) where all its rows are 0.

    Returns
    -------
    Windows
        A window for each row that ends one, in order of entity, then time. `window_end` is the time of the last row, to
        the microsecond, and `width` is ``length`` steps: a row stands for the step that ends with it.

    Raises
    ------
    WindowsError
        `frame` is no dataframe; a column is not there, or holds what it cannot; a time or entity is missing, or comes
        twice; `length` is no whole number of at least 1; no entity has as many rows one step apart, or one has them at
        another step than the others.

    Notes
    -----
    The step is the median difference between consecutive rows of an entity, over all of them; of two in the middle the
    shorter. Rows may stray from it by a tenth. A window in which any two are further apart, or closer, is left out:
    next to each other they would look like what they are not. ``windows.recipe["n_left_out"]`` says how many, and so
    does the sentence. Held against a plain search for the rows of each window in
    ``tests/unit/windows/test_metric_windows.py``.

    Examples
    --------
    >>> import polars as pl
    >>> from alert_analytics.windows import metric_windows
    >>> frame = pl.DataFrame({"entity": ["web"] * 4, "t": [1, 2, 3, 4], "cpu": [0.1, 0.2, 0.4, 0.8]})
    >>> windows = metric_windows(frame, length=3)
    >>> windows.feature_names
    ('cpu[t-2]', 'cpu[t-1]', 'cpu[t]')
    >>> windows.window_end.tolist(), windows.features.shape
    ([3, 4], (2, 3))
    """
    length = checked_length(length, "rows")
    table = _table_of(frame)
    names = _metrics(table, columns, {"entity": entity, "time": time, "label": label})
    entities, codes = _entities(table, entity)
    times, is_step = _times(table, time)
    order = np.lexsort((times, codes))
    codes, times = codes[order], times[order]
    moments: Times = times if is_step else times.astype("datetime64[us]")
    _refuse_repeats(entities, codes, moments)
    step = usual_step(codes, times)
    starts, n_left_out = window_starts(codes, times, step, length)
    refuse_other_steps(entities, codes, times, starts, step, length, is_step=is_step)
    if not starts.size:
        refuse_none(length, n_left_out, codes, step, is_step=is_step)
    ends = starts + length - 1
    width = length * step
    labels = None if label is None else _labels(table, label)[order]
    return Windows(
        features=_side_by_side(table, names, order, starts, length),
        schema=_schema(names, length),
        entity=np.array(entities, dtype=object)[codes[ends]],
        window_end=moments[ends],
        width=width if is_step else np.timedelta64(width, "us"),
        labels=None if labels is None else labels[ends],
        is_normal=None if labels is None else _all_normal(labels, starts, length),
        recipe={
            "kind": "metric",
            "entity": entity,
            "time": time,
            "columns": list(names),
            "length": length,
            "label": label,
            "step": step if is_step else step / 1e6,
            "n_left_out": n_left_out,
        },
    )


def _table_of(frame: Any) -> pa.Table:
    if not hasattr(frame, "__arrow_c_stream__"):
        raise WindowsError(
            f"A {type(frame).__name__} is no dataframe.",
            hint="give a pandas, polars or Arrow table or a DuckDB relation; a bare matrix needs no windows.",
        )
    try:
        with warnings.catch_warnings():
            # pyarrow reads times with a zone from pandas 3.1 in a way that pandas is about to change.
            warnings.filterwarnings("ignore", message="Series.values returning an ndarray that drops timezone")
            return pa.table(frame)
    except (pa.ArrowException, TypeError, ValueError) as error:  # a pandas column of mixed objects
        raise WindowsError(f"This {type(frame).__name__} is no table: {str(error).splitlines()[0]}") from error


def _metrics(table: pa.Table, columns: str | Sequence[str] | None, roles: dict[str, str | None]) -> tuple[str, ...]:
    """The columns to make features of, once those that are asked for are known to be there and to be numbers."""
    taken = {name: f"{role}={name!r}" for role, name in roles.items() if name is not None}
    if columns is None:
        index = {one for one in (table.schema.pandas_metadata or {}).get("index_columns", []) if isinstance(one, str)}
        chosen = [field.name for field in table.schema if _is_number(field.type) and field.name not in index | {*taken}]
    else:
        chosen = [columns] if isinstance(columns, str) else list(columns)
    for name in [*taken, *chosen]:
        if table.column_names.count(name) != 1:
            found = "No column" if name not in table.column_names else "More than one column"
            raise WindowsError(
                f"{found} {taken.get(name) or repr(name)}; there is: {', '.join(table.column_names) or 'none'}.",
                hint="entity=None where all rows are of one series." if name == roles["entity"] else None,
            )
    for name in chosen:
        kind = table.schema.field(name).type
        if name in taken or chosen.count(name) > 1:
            raise WindowsError(f"columns={chosen}: {name!r} is {taken.get(name) or 'there twice'}; no feature of it.")
        if not _is_number(kind) and not kinds.is_boolean(kind):
            raise WindowsError(
                f"Column {name!r} holds {kind}; expected numbers.",
                hint="leave it out of columns=, or make it a number.",
            )
    if not chosen:
        raise WindowsError(f"No numeric column among {', '.join(table.column_names)}.", hint="name them in columns=.")
    return tuple(chosen)


def _is_number(kind: pa.DataType) -> bool:
    return bool(kinds.is_integer(kind) or kinds.is_floating(kind) or kinds.is_decimal(kind))


def _entities(table: pa.Table, entity: str | None) -> tuple[list[str], Ints]:
    """The names in order, and each row's place among them."""
    if entity is None:
        return [ALL], np.zeros(table.num_rows, dtype=np.int64)
    _refuse_missing(table, "entity", entity)
    encoded = table[entity].cast(pa.string()).combine_chunks().dictionary_encode()
    found = encoded.dictionary.to_pylist()
    place = np.argsort(np.argsort(np.array(found, dtype=object)))
    return sorted(found), place[encoded.indices.to_numpy()].astype(np.int64)


def _times(table: pa.Table, time: str) -> tuple[Ints, bool]:
    """Microseconds since the epoch, or steps; and whether they are steps."""
    _refuse_missing(table, "time", time)
    kind = table.schema.field(time).type
    if kinds.is_integer(kind):
        return table[time].to_numpy().astype(np.int64), True
    if kinds.is_timestamp(kind) or kinds.is_date(kind):
        # A timestamp with a zone is stored in UTC; a finer one loses what is below a microsecond.
        return table[time].cast(pa.timestamp("us"), safe=False).cast(pa.int64()).to_numpy(), False
    raise WindowsError(
        f"time={time!r} holds {kind}; expected timestamps or whole numbers.", hint="convert text to timestamps first."
    )


def _refuse_missing(table: pa.Table, role: str, name: str) -> None:
    if n := table[name].null_count:
        raise WindowsError(
            f"{role}={name!r} is missing in {n:,} of {counted(table.num_rows, 'row')}.",
            hint="leave those rows out: nobody knows to which window they belong.",
        )


def _refuse_repeats(entities: Sequence[str], codes: Ints, times: Times) -> None:
    repeated = np.flatnonzero((codes[1:] == codes[:-1]) & (times[1:] == times[:-1]))
    if repeated.size:
        first = repeated[0]
        raise WindowsError(
            f"{counted(repeated.size, 'row')} of {codes.size:,} repeat entity and time of another (first: "
            f"{entities[codes[first]]} at {times[first]}); expected one row for each.",
            hint="name the column that tells them apart in entity=, or take their mean.",
        )


def _side_by_side(table: pa.Table, names: Sequence[str], order: Ints, starts: Ints, length: int) -> Features:
    """The rows of each window one after the other."""
    values = np.empty((table.num_rows, len(names)), dtype=np.float32)
    with np.errstate(over="ignore"):  # beyond float32 a number is infinite
        for j, name in enumerate(names):
            values[:, j] = table[name].cast(pa.float64(), safe=False).to_numpy()[order]
    windows = np.lib.stride_tricks.sliding_window_view(values, (length, len(names)))[starts, 0]
    flat: Features = windows.reshape(len(starts), length * len(names))
    return flat


def _labels(table: pa.Table, label: str) -> npt.NDArray[np.int8]:
    kind = table.schema.field(label).type
    values = table[label].cast(pa.float64(), safe=False).to_numpy() if _is_label(kind) else np.full(1, np.nan)
    if not np.isin(values, (0, 1)).all():
        raise WindowsError(
            f"label={label!r} holds {_odd_one(table[label])}; expected 0 and 1, or booleans.",
            hint="1 for a row that is known to be anomalous; without label= nothing is known of any.",
        )
    return values.astype(np.int8)


def _all_normal(labels: npt.NDArray[np.int8], starts: Ints, length: int) -> npt.NDArray[np.bool_]:
    """Whether no row of a window is labelled 1."""
    before = np.concatenate([[0], np.cumsum(labels, dtype=np.int64)])
    normal: npt.NDArray[np.bool_] = before[starts] == before[starts + length]
    return normal


def _is_label(kind: pa.DataType) -> bool:
    return _is_number(kind) or bool(kinds.is_boolean(kind))


def _odd_one(column: pa.ChunkedArray) -> str:
    found = next((one for one in column.to_pylist() if one not in (0, 1)), None)
    return "missing values" if found is None or found != found else repr(found)


def _schema(names: Sequence[str], length: int) -> tuple[Feature, ...]:
    if length == 1:
        return tuple(Feature(name, "as given", "as given") for name in names)
    steps = [(f"t-{age}", f"{counted(age, 'step')} before the last row") for age in range(length - 1, 0, -1)]
    return tuple(
        Feature(f"{name}[{step}]", "as given", when)
        for step, when in [*steps, ("t", "in the last row")]
        for name in names
    )
