"""Feature windows: a row of numbers for each stretch of time of each entity, what they mean, and how to split them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from alert_analytics.errors import WindowsError
from alert_analytics.matrices import column_names, read_matrix
from alert_analytics.tables import Tabled, as_html, as_text, check_row, counted
from alert_analytics.windows.feature import Feature, Features, places
from alert_analytics.windows.splitting import Times, parts_by_time

if TYPE_CHECKING:
    import pyarrow as pa

    from alert_analytics.history import AlertHistory
    from alert_analytics.windows.origin import Origin


@dataclass(frozen=True, eq=False, repr=False)
class Windows(Tabled):
    """Windows to train on, calibrate with, or score: made by :func:`alert_windows` and :func:`metric_windows`.

    Attributes
    ----------
    features : numpy.ndarray of float32, shape (n, d)
        A row per window; NaN where a value is missing.
    schema : tuple of Feature
        What the d columns mean.
    entity : numpy.ndarray of str, shape (n,)
        Whose window it is.
    window_end : numpy.ndarray of datetime64[us] or int64, shape (n,)
        When the window ends, UTC, or the step at which it does. The row tells of what had happened by then.
    width : numpy.timedelta64 or int
        From a window's start to its end, in the unit of `window_end`.
    labels : numpy.ndarray of int8, shape (n,), or None
        Of its last row, to evaluate with: 1 where that is known to be anomalous, else 0; None where nobody said.
    recipe : mapping
        How the same windows are made from new data; travels with a model.
    origin : Origin or None
        What :meth:`alerts` goes back to; None where no alerts are behind the windows.
    is_normal : numpy.ndarray of bool, shape (n,), or None
        Whether the window is known to be normal throughout, to calibrate and certify with: none of its rows is known to
        be anomalous. Where labels alone are given, those labelled 0 are; None where nobody said.
    """

    features: Features
    schema: tuple[Feature, ...]
    entity: npt.NDArray[Any]
    window_end: Times
    width: np.timedelta64 | int
    labels: npt.NDArray[np.int8] | None = None
    recipe: Mapping[str, object] = field(default_factory=dict)
    origin: Origin | None = None
    is_normal: npt.NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        """Refuse columns of different lengths, and make the features float32 that cannot be written to."""
        features = read_matrix(self.features).view()  # the caller's array stays writeable
        features.flags.writeable = False
        object.__setattr__(self, "features", features)
        if self.is_normal is None and self.labels is not None:
            object.__setattr__(self, "is_normal", np.asarray(self.labels) == 0)
        columns = (self.features, self.entity, self.window_end, self.labels, self.is_normal)
        lengths = {len(column) for column in columns if column is not None}
        if len(lengths) != 1 or self.features.shape[1] != len(self.schema):
            raise WindowsError(
                f"Windows of shape {self.features.shape} with {len(self.schema)} feature names, {len(self.entity)} "
                f"entities and {len(self.window_end)} ends; expected a row for each and a column for each name."
            )

    @classmethod
    def from_matrix(cls, matrix: Any, feature_names: Sequence[str] | None = None) -> Windows:
        """Take a bare matrix for windows of one entity, in the order of its rows.

        Parameters
        ----------
        matrix : array-like of numbers, shape (n, d), dataframe, Arrow table, or mapping of str to array-like
            NaN or null where a value is missing. Columns that have names give them.
        feature_names : sequence of str, optional
            By default the names of the columns, or ``f0``, ``f1``, ...

        Returns
        -------
        Windows
            Their ends are the row numbers, their width is 1. They do not change when the caller's matrix does.

        Raises
        ------
        WindowsError
            It is no matrix of numbers, or the names are not one a column, each once.
        """
        values = read_matrix(matrix, copy=True)
        if feature_names is None:
            feature_names = column_names(matrix) or [f"f{j}" for j in range(values.shape[1])]
        names = tuple(feature_names)
        if len(names) != values.shape[1] or len(set(names)) != len(names):
            raise WindowsError(
                f"{counted(len(set(names)), 'distinct name')} for {counted(values.shape[1], 'column')}; "
                "expected one for each."
            )
        return cls(
            features=values,
            schema=tuple(Feature(name, "1", "as given") for name in names),
            entity=np.full(len(values), "all", dtype=object),
            window_end=np.arange(len(values), dtype=np.int64),
            width=1,
            recipe={"kind": "matrix"},
        )

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The d names, in order."""
        return tuple(feature.name for feature in self.schema)

    @property
    def span(self) -> tuple[Any, Any] | None:
        """Start of the first window and end of the last; None where there is none."""
        if not len(self):
            return None
        return self.window_end.min() - self.width, self.window_end.max()

    @property
    def settings(self) -> dict[str, object]:
        """What the windows come from: the settings of the history behind them, if any, and their recipe."""
        behind = {} if self.origin is None else self.origin.history.settings
        return {**behind, **self.recipe}

    @property
    def sentence(self) -> str:
        """What is there, in words."""
        who = counted(len(set(self.entity.tolist())), "entity").replace("entitys", "entities")
        what = f"{counted(len(self), 'window')} of {who}, {counted(len(self.schema), 'feature')} each"
        start, end = plain_span(self)
        n = self.recipe.get("n_left_out")
        gaps = (
            f" Left out when they were made: {counted(n, 'window')} across a gap." if isinstance(n, int) and n else ""
        )
        return f"{what}." if start is None else f"{what}, from {start} to {end}.{gaps}"

    def select(self, rows: Any) -> Windows:
        """Keep some rows.

        Parameters
        ----------
        rows : slice, array of bool, shape (n,), or array of int
            Which, as numpy indexes.

        Returns
        -------
        Windows
            In the order asked for.
        """
        return replace(
            self,
            features=self.features[rows],
            entity=self.entity[rows],
            window_end=self.window_end[rows],
            labels=None if self.labels is None else self.labels[rows],
            is_normal=None if self.is_normal is None else self.is_normal[rows],
        )

    def of(self, entity: str) -> Windows:
        """Keep the windows of one entity.

        Raises
        ------
        WindowsError
            There is none.
        """
        found = self.entity == entity
        if not np.any(found):
            known = ", ".join(sorted(set(self.entity.tolist()))[:8]) or "none"
            raise WindowsError(f"No window of {entity!r}.", hint=f"entities: {known}.")
        return self.select(found)

    def with_features(self, names: Sequence[str]) -> Windows:
        """Keep some features.

        Parameters
        ----------
        names : sequence of str
            Which, each once.

        Returns
        -------
        Windows
            The same windows, the features in the order asked for.

        Raises
        ------
        WindowsError
            There is no such feature, or one is named twice.
        """
        columns = places(self.schema, names)
        return replace(
            self,
            features=self.features[:, columns],
            schema=tuple(self.schema[j] for j in columns),
        )

    def split_by_time(self, *shares: float) -> tuple[Windows, ...]:
        """Split into consecutive spans, with a gap of one window length between them.

        Parameters
        ----------
        *shares : float
            Of the windows, in order of time; at most 1 together. ``split_by_time(.6, .2, .2)`` gives what to train on,
            to calibrate with, and to test.

        Returns
        -------
        tuple of Windows
            As many. A window of a later part begins one window length or more after the last one of the part before
            it has ended: one that begins sooner is in none.

        Raises
        ------
        WindowsError
            Shares that are not positive or are more than 1 together.

        Notes
        -----
        The cuts are quantiles of `window_end` over all entities, so that every part holds all of them over the same
        time: the first part that reaches the cumulative share, all windows of the same end together.
        """
        return tuple(self.select(inside) for inside in parts_by_time(self.window_end, self.width, shares))

    def alerts(self, row: int = 0) -> AlertHistory:
        """Go back to the alerts that fired in a window.

        Parameters
        ----------
        row : int
            Which window, from 0.

        Returns
        -------
        AlertHistory
            The history narrowed to the window's entity and its time, ``[window_end - width, window_end)``.

        Raises
        ------
        WindowsError
            The windows come from metrics or a matrix: no alerts are behind them.
        IndexError
            There is no such row.
        """
        if self.origin is None:
            raise WindowsError(
                "No alerts are behind these windows: they come from metrics or a matrix.",
                hint="windows made by alert_windows know theirs.",
            )
        check_row(row, len(self), "", "window")
        end = self.window_end[row]
        return self.origin.alerts(self.entity[row], (end - self.width).item(), end.item())

    def to_arrow(self) -> pa.Table:
        """The windows as a table: ``entity``, ``window_end``, a column per feature, and ``label`` where known."""
        import pyarrow as pa

        columns: dict[str, Any] = {
            "entity": pa.array(self.entity.tolist(), pa.string()),
            "window_end": pa.array(self.window_end),
        }
        columns |= {name: pa.array(self.features[:, j]) for j, name in enumerate(self.feature_names)}
        if self.labels is not None:
            columns["label"] = pa.array(self.labels)
        return pa.table(columns)

    def __len__(self) -> int:
        return len(self.features)

    def __repr__(self) -> str:
        return f"{self.sentence}\n{as_text(self.select(slice(0, 5)).to_arrow())}"

    def _repr_html_(self) -> str:
        return f"<p>{escape(self.sentence)}</p>{as_html(self.select(slice(0, 5)).to_arrow())}"


def as_windows(data: Any) -> Windows:
    """Take windows as they are, and a bare matrix for windows in the order of its rows."""
    return data if isinstance(data, Windows) else Windows.from_matrix(data)


def plain_span(windows: Windows) -> tuple[str | int | None, str | int | None]:
    """Start and end as JSON has them: times in ISO 8601, or steps; None where there is no window or no clock."""
    span = windows.span
    if span is None or windows.recipe.get("kind") == "matrix":
        return None, None
    first, last = (end.item().isoformat() if isinstance(end, np.datetime64) else int(end) for end in span)
    return first, last
