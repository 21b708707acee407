"""What every answer can do: be a table, a picture, a sentence, and say where it came from."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from alert_analytics.errors import HistoryError
from alert_analytics.history import AlertHistory
from alert_analytics.tables import FlatTable

if TYPE_CHECKING:
    import altair as alt

    from alert_analytics.analytics.metric import Metric


@dataclass(frozen=True, eq=False, repr=False)
class Result(FlatTable):
    """An answer: one flat table with its settings, its SQL and its way back to the rows.

    Attributes
    ----------
    table : pyarrow.Table
        The answer, a row per thing asked about.
    history : AlertHistory
        What it was asked of.
    settings : mapping
        The history's scope (span, watermark, filters) and the analysis' own parameters.
    sql : str
        The query that counted, with its scope and parameters.
    """

    history: AlertHistory
    settings: Mapping[str, object]
    sql: str

    def alerts(self, row: int = 0) -> AlertHistory:
        """Go back to the alerts behind a row.

        Parameters
        ----------
        row : int
            Which row of the table, from 0.

        Returns
        -------
        AlertHistory
            The history narrowed to them; ``.to_polars()`` shows them.

        Raises
        ------
        IndexError
            There is no such row.
        """
        raise NotImplementedError

    def estimates(self) -> Sequence[Metric]:
        """The numbers of this answer that :func:`alert_analytics.compare` holds against those of a later stretch.

        An analysis that can be compared returns one :class:`~alert_analytics.analytics.metric.Metric` for each row
        and number: key, name, unit, value, interval. Equal keys and names are paired.

        Returns
        -------
        sequence of Metric
            In any order.

        Raises
        ------
        NotImplementedError
            This kind of answer has none.
        """
        raise NotImplementedError(f"a {type(self).__name__} has no numbers to compare")

    def plot(self) -> alt.Chart | alt.LayerChart:
        """Draw the answer.

        Returns
        -------
        altair.Chart or altair.LayerChart
            Shows itself in Jupyter; ``.save("chart.png")`` or ``.save("chart.html")`` writes it.

        Raises
        ------
        MissingDependencyError
            Altair is not installed.
        """
        from alert_analytics.plots import plot

        return plot(self)


def split_by(by: str | Sequence[str] | None, own: Collection[str]) -> tuple[str, ...]:
    """Read ``by=`` where the answer has columns of its own.

    Raises
    ------
    HistoryError
        A name of `by` is one of them: one would hide the other.
    """
    names = as_list(by)
    check_names(names, own)
    return names


def check_names(names: Collection[str], own: Collection[str]) -> None:
    """Refuse columns or labels called like a column of the answer's: one would hide the other.

    Raises
    ------
    HistoryError
        There is one.
    """
    if taken := set(names) & set(own):
        raise HistoryError(
            f"by={sorted(taken)}: the answer has columns of its own of that name.",
            hint="rename the label, or ask without.",
        )


def check_length(what: str, value: object) -> None:
    """Refuse what is no positive length of time.

    Raises
    ------
    HistoryError
        It is a bare number, or not positive.
    """
    if not isinstance(value, timedelta):
        raise HistoryError(f"{what}={value!r}; expected a length of time.", hint=f"{what}=timedelta(seconds=300)")
    if value <= timedelta(0):
        raise HistoryError(
            f"{what}={value}; expected a positive length of time.", hint=f"{what}=timedelta(seconds=300)"
        )


def as_list(names: str | Sequence[str] | None) -> tuple[str, ...]:
    """Read ``by=``: one name, several, or none."""
    if names is None:
        return ()
    if isinstance(names, str):
        return (names,)
    if not isinstance(names, Sequence) or not all(isinstance(name, str) for name in names):
        raise HistoryError(f"{names!r} names no columns; expected a column or label, or a list of them.")
    return tuple(names)


def key_columns(keys: pa.ChunkedArray | pa.Array, names: Sequence[str]) -> dict[str, pa.Array]:
    """Turn the VARCHAR[] key of :meth:`AlertHistory.ask` into a text column for each name.

    Parameters
    ----------
    keys : pyarrow array of list of string
        One list a row, one item a name.
    names : sequence of str
        What the items are called.

    Returns
    -------
    dict of str to pyarrow.Array
        In the order of `names`.
    """
    rows = keys.to_pylist()
    return {name: pa.array([row[i] for row in rows], pa.string()) for i, name in enumerate(names)}


def behind(history: AlertHistory, by: Sequence[str], record: Mapping[str, Any]) -> AlertHistory:
    """Narrow a history to the alerts whose columns or labels `by` agree with a row of the answer.

    Parameters
    ----------
    history : AlertHistory
        What the answer was made from.
    by : sequence of str
        The columns or labels that the answer was grouped by.
    record : mapping
        The row.

    Returns
    -------
    AlertHistory
        The same history where `by` is empty.
    """
    return history.where({name: [record[name]] for name in by}) if by else history


def called(record: Mapping[str, Any], by: Sequence[str]) -> str:
    """What to call the series or group of a row in a sentence: its values of `by`, ``(none)`` where one is missing."""
    return ", ".join("(none)" if record[name] is None else str(record[name]) for name in by)
