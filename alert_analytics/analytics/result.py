"""What every answer can do: be a table, a picture, a sentence, and say where it came from."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, TypeGuard

import pyarrow as pa

from alert_analytics.errors import HistoryError
from alert_analytics.history import AlertHistory
from alert_analytics.tables import FlatTable

if TYPE_CHECKING:
    import altair as alt

    from alert_analytics.analytics.metric import Metric


_LONGEST = timedelta(days=36_525)
_MOST = 10**9


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
        A name of `by` is one of them: one would hide the other; or it stands there twice.
    """
    names = as_list(by)
    if len(set(names)) < len(names):
        raise HistoryError(f"by={list(names)} names a column twice.", hint="name each once.")
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


def check_length(what: str, value: object, most: timedelta = _LONGEST) -> None:
    """Refuse what is no positive length of time.

    Raises
    ------
    HistoryError
        It is a bare number, not positive, or longer than `most`, which no history is.
    """
    if not isinstance(value, timedelta):
        raise HistoryError(f"{what}={value!r}; expected a length of time.", hint=f"{what}=timedelta(seconds=300)")
    if value <= timedelta(0):
        raise HistoryError(
            f"{what}={value}; expected a positive length of time.", hint=f"{what}=timedelta(seconds=300)"
        )
    if value > most:
        raise HistoryError(
            f"{what}={value}; expected at most {most.days:,} days.", hint=f"{what}=timedelta(seconds=300)"
        )


def is_number(value: object) -> TypeGuard[float]:
    """Whether it is a number, also one of another library's; true and false are none."""
    return isinstance(value, Real) and not isinstance(value, bool)


def check_number(what: str, value: object, least: float, most: float, kind: str = "number") -> None:
    """Refuse what is no number from `least` to `most`; true and false are none.

    Raises
    ------
    HistoryError
        It is something else.
    """
    if not is_number(value) or not least <= value <= most:
        raise HistoryError(f"{what}={value!r}; expected a {kind} from {least:g} to {most:g}.")


def check_share(what: str, value: object, hint: str = "0.95 is usual.") -> None:
    """Refuse what is no share between 0 and 1, both excluded.

    Raises
    ------
    HistoryError
        It is something else.
    """
    if not is_number(value) or not 0 < value < 1:
        raise HistoryError(f"{what}={value!r}; expected a share between 0 and 1.", hint=hint)


def check_whole(what: str, value: object, of: str, hint: str | None = None) -> None:
    """Refuse what is no whole number of at least 1 and of a size that a history can have.

    Raises
    ------
    HistoryError
        It is something else.
    """
    if isinstance(value, bool) or not isinstance(value, Integral) or not 1 <= int(value) <= _MOST:
        raise HistoryError(f"{what}={value!r}; expected a whole number of {of}, at least 1.", hint=hint)


def check_name(what: str, value: object) -> None:
    """Refuse what can be no name of a column or label; whether there is such a one is the history's to say.

    Raises
    ------
    HistoryError
        It is no text, or an empty one.
    """
    if not isinstance(value, str) or not value:
        raise HistoryError(f"{what}={value!r}; expected the name of a column or label.", hint=f"{what}='service'")


def check_choice(what: str, value: object, choices: Iterable[str]) -> None:
    """Refuse what is none of a few words.

    Raises
    ------
    HistoryError
        It is something else.
    """
    words = list(choices)
    if not isinstance(value, str) or value not in words:
        raise HistoryError(f"{what}={value!r}; expected one of {', '.join(words)}.")


def listed(what: str, value: object, of: str, hint: str) -> list[Any]:
    """Read an argument that lists things; None lists nothing.

    Raises
    ------
    HistoryError
        It is one thing, or a text.
    """
    if value is None:
        return []
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        raise HistoryError(f"{what}={value!r}; expected a list of {of}.", hint=hint)
    return list(value)


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
