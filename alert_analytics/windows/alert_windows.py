"""Point-in-time features of an alert history: a row for each stretch of time of each series."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from alert_analytics.alerts import AlertSeverity
from alert_analytics.errors import HistoryError, WindowsError
from alert_analytics.history import AlertHistory
from alert_analytics.tables import counted
from alert_analytics.windows.feature import Feature, Features
from alert_analytics.windows.grid import NEVER_US, STALE_US, Counts, Grid
from alert_analytics.windows.origin import Origin, entity_name
from alert_analytics.windows.steps import checked_length
from alert_analytics.windows.windows import Windows

_MOST_BUCKETS = 200_000_000  # of all windows together: 10 GB of float32

_FEATURES = (
    Feature("n_alerts", "alerts", "fired in the bucket"),
    Feature("n_rules", "rules", "distinct rules of the alerts fired in the bucket"),
    Feature("n_high", "alerts", "fired in the bucket with severity high"),
    Feature("n_critical", "alerts", "fired in the bucket with severity critical"),
    Feature(
        "mean_severity",
        "1",
        "mean severity, from 0 (info) to 4 (critical), of those fired in the bucket whose severity is known; missing "
        "where there is none",
    ),
    Feature("n_open", "alerts", "fired in the 7 days before the bucket's end and not resolved before it"),
    Feature("n_resolved", "alerts", "resolved in the bucket, whenever they fired"),
    Feature("hour_sin", "1", "sine of 2 pi times the place of the bucket's middle in the local day"),
    Feature("hour_cos", "1", "cosine of 2 pi times the place of the bucket's middle in the local day"),
    Feature(
        "week_sin", "1", "sine of 2 pi times the place of the bucket's middle in the local week, from Monday 00:00"
    ),
    Feature("week_cos", "1", "cosine of 2 pi times the place of the bucket's middle in the local week"),
    Feature(
        "excess",
        "1",
        "2 (sqrt(n_alerts + 3/8) - sqrt(e + 3/8)) with e = (S + m) / (K + 1): S alerts in the series' K earlier "
        "buckets of the same hour of the local week, m the mean of all its earlier buckets; missing in its first",
    ),
    Feature("since_last_s", "s", "from the last alert fired before the bucket's end to that end"),
)
_CYCLES = ("hour_sin", "hour_cos", "week_sin", "week_cos")


def alert_windows(
    alerts: Any,
    every: timedelta = timedelta(minutes=15),
    by: str | Sequence[str] | None = None,
    length: int = 1,
    timezone: str = "UTC",
) -> Windows:
    """Cut a history into windows of equal length and describe each by what was known when it ended.

    Buckets lie on a fixed grid, ``[k * every, (k + 1) * every)`` from the Unix epoch in UTC, not on the history's first
    alert: a bucket of a day begins at midnight UTC, whatever `timezone` says. Only buckets that the history's span
    holds whole count.

    Parameters
    ----------
    alerts : AlertHistory, dataframe, path, or iterable of Alert
        What :meth:`AlertHistory.open` takes. Where it was narrowed by ``since=``, the windows begin there and know what
        came before: those of the last day are the same as when the windows of the whole history are made.
    every : timedelta
        Width of a bucket, and the step from a window to the next.
    by : str or sequence of str, optional
        Columns or labels; a series for each combination of their values that occurs. It begins with the first bucket in
        which it has an alert, as before nobody knows of it, and goes on to the last one, quiet buckets included.
    length : int
        Buckets in a window, oldest first: with 3 its features are those of bucket ``[t-2]``, then ``[t-1]``, then
        ``[t]``. The first ``length - 1`` buckets of a series end no window.
    timezone : str
        IANA name of the zone in which the hour of the day and the week are meant.

    Returns
    -------
    Windows
        In order of entity, then time. The entity is the values of `by` joined by `` / ``, ``(none)`` for a missing one,
        and ``all`` without `by`. No rows for an empty history or one that is shorter than a bucket.

    Raises
    ------
    WindowsError
        `every` is no positive length of time, `length` less than 1, `timezone` no zone; or it would be more than
        200 million buckets in all windows.
    HistoryError
        `by` names no columns.
    UnknownColumnError
        `by` names a column or label that the history does not have.

    Notes
    -----
    ``windows.schema`` has unit and formula of every feature. `excess` is the difference of two counts on Anscombe's
    scale, on which a Poisson count varies by about 1 whatever its mean. Its expectation is the series' own profile over
    the hours of the local week, in which the series' mean counts as one more bucket, so that a profile known from few
    weeks says little more than the mean. With buckets that do not divide an hour the hour is that in which they begin.

    An alert resolved in the very instant in which a bucket ends is open in it and resolved in the next.

    Known by a window's end is meant as in :meth:`AlertHistory.as_of`: a firing and a resolution count as observed when
    they happened. Of a source that reports them later, the windows know more than anyone did at the time. Rule,
    severity and the values of `by` are the latest known of an alert: a severity that was raised later, or a team that
    took over, is hindsight.

    Held against a plain loop over alerts and buckets in ``tests/oracle/test_alert_windows.py``.

    References
    ----------
    Anscombe, F. J. (1948). The transformation of Poisson, binomial and negative-binomial data. Biometrika 35, 246-254.

    Examples
    --------
    >>> from datetime import timedelta
    >>> import alert_analytics as aa
    >>> from alert_analytics.windows import alert_windows
    >>> windows = alert_windows(aa.datasets.sample(), every=timedelta(hours=1), by="service")
    >>> windows.features.shape
    (16116, 13)
    >>> busiest = int(windows.features[:, 0].argmax())
    >>> windows.alerts(busiest).n_alerts == int(windows.features[busiest, 0])
    True
    """
    length = checked_length(length, "buckets")
    names = _checked(every, by, timezone)
    asked = AlertHistory.open(alerts)
    history = asked.with_past()  # `since` says which windows are wanted, not what was known by then
    grid = Grid.of(history.span, every, timezone)
    params = {"start_us": grid.start_us, "end_us": grid.end_us, "every_us": grid.every_us}
    keys = {"series": names}
    listed = history.ask("alert_series", package=__package__, keys=keys, params=params).arrow()
    values = [tuple(key) for key in listed["series"].to_pylist()]
    entities = [entity_name(one) for one in values]
    first = listed["first_bucket"].to_numpy()
    n_windows = np.maximum(grid.n - first - length + 1, 0)
    _check_size(int(n_windows.sum()), grid.n, length, every)
    order = sorted(range(len(values)), key=entities.__getitem__)
    severities = [str(severity) for severity in AlertSeverity]
    constants = {"severities": severities, "never_us": NEVER_US, "stale_us": STALE_US}
    answer = history.ask("alert_windows", package=__package__, keys=keys, params=params | constants)
    features = _features(answer.numpy() if values else {}, grid, first, order, length)
    ends = grid.starts_us + grid.every_us
    end_us = [ends[first[i] + length - 1 :] for i in order]
    windows = Windows(
        features=features,
        schema=_schema(length),
        entity=np.repeat(np.array([entities[i] for i in order], dtype=object), n_windows[order]),
        window_end=np.concatenate([*end_us, ends[:0]]).astype("datetime64[us]"),
        width=np.timedelta64(length * grid.every_us, "us"),
        recipe={
            "kind": "alert",
            "every_s": every.total_seconds(),
            "by": list(names),
            "length": length,
            "timezone": timezone,
        },
        origin=Origin(asked, names, dict(zip(entities, values, strict=True))),
    )
    since = asked.settings["since"]
    return windows if since is None else windows.select(windows.window_end - windows.width >= np.datetime64(str(since)))


def _checked(every: object, by: object, timezone: object) -> tuple[str, ...]:
    """The names of `by`, once nothing is wrong with any of the parameters."""
    if not isinstance(every, timedelta) or every < timedelta(microseconds=1):
        raise WindowsError(f"every={every!r}; expected a positive length of time.", hint="every=timedelta(minutes=15)")
    try:
        ZoneInfo(str(timezone))
    except (KeyError, ValueError, OSError) as error:  # OSError: it names a folder of zones, such as 'Europe'
        raise WindowsError(
            f"timezone={timezone!r} is no time zone that is known here.",
            hint="give an IANA name, such as 'Europe/Berlin' or 'UTC'.",
        ) from error
    names = (by,) if isinstance(by, str) else () if by is None else by
    if not isinstance(names, Sequence) or not all(isinstance(name, str) for name in names):
        raise HistoryError(f"by={by!r} names no columns; expected a column or label, or a list of them.")
    return tuple(names)


def _check_size(n_windows: int, n_buckets: int, length: int, every: timedelta) -> None:
    """Refuse what would not fit into memory, before it is computed."""
    if max(n_windows * length, n_buckets) > _MOST_BUCKETS:
        raise WindowsError(
            f"every={every}, length={length}: {counted(n_windows, 'window')} of {counted(length, 'bucket')} each "
            f"from a span of {counted(n_buckets, 'bucket')}; expected at most {_MOST_BUCKETS:,} buckets in all.",
            hint="choose a larger every=, fewer series in by=, or a part of the history: since=... or until=....",
        )


def _schema(length: int) -> tuple[Feature, ...]:
    """The features of one bucket, repeated for each of a window, oldest first."""
    if length == 1:
        return _FEATURES
    named = [("t", "")] + [(f"t-{age}", f"; {counted(age, 'bucket')} before the last") for age in range(1, length)]
    return tuple(
        Feature(f"{one.name}[{name}]", one.unit, one.formula + when)
        for name, when in reversed(named)
        for one in _FEATURES
    )


def _features(counts: Counts, grid: Grid, first: npt.NDArray[np.int64], order: Sequence[int], length: int) -> Features:
    """Fill the matrix series by series, so that only one is ever held in double precision."""
    lengths = np.maximum(grid.n - first - length + 1, 0)
    d = len(_FEATURES)
    matrix = np.empty((int(lengths.sum()), length * d), dtype=np.float32)
    codes = counts.get("series_code", np.empty(0))
    begins = np.searchsorted(codes, np.arange(len(first) + 1))
    done = 0
    for i in order:
        mine = {name: column[begins[i] : begins[i + 1]] for name, column in counts.items()}
        columns = grid.series(mine, int(first[i])) | dict(zip(_CYCLES, grid.cycles[first[i] :].T, strict=True))
        bucket = np.empty((grid.n - first[i], d), dtype=np.float32)
        for j, feature in enumerate(_FEATURES):
            bucket[:, j] = columns[feature.name]
        block = matrix[done : done + lengths[i]]
        for k in range(length):
            block[:, k * d : (k + 1) * d] = bucket[k : k + len(block)]
        done += len(block)
    return matrix
