"""What a time to resolve is counted to, and from: the clock of the analysis, and when observation began."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from alert_analytics.analytics.durations import Bools, Floats, Group, Ints, split
from alert_analytics.analytics.durations_read import asked_by_cluster, groups_of
from alert_analytics.analytics.result import check_choice, check_name
from alert_analytics.engine import Answer
from alert_analytics.errors import HistoryError, UnknownColumnError
from alert_analytics.history import AlertHistory
from alert_analytics.history.scope import moment
from alert_analytics.tables import counted

CLOCKS = {
    "time_to_acknowledge": ("acknowledged", "not acknowledged"),
    "time_to_resolve": ("resolved", "still open"),
    "time_to_close": ("closed", "not closed"),
}
"""What each clock waits for, and what an alert is that has not got there."""

CLOSED = "closed_at"
_LIKE_A_DATE = re.compile(r"\s*\d{4}-?\d\d")
_US = 1e6


@dataclass(frozen=True)
class Clock:
    """From firing to what, who resolves together, and since when anybody looked.

    Attributes
    ----------
    of : str
        One of :data:`CLOCKS`.
    cluster : str or None
        As for :meth:`ResolutionAnalysis.from_alerts`.
    observed_from : datetime, str or None
        A moment (also as ISO 8601 text), or the column or label with each alert's own.
    """

    of: str = "time_to_resolve"
    cluster: str | None = "auto"
    observed_from: date | str | None = None

    def __post_init__(self) -> None:
        """Refuse what is no clock, and read a text that is a time.

        Raises
        ------
        HistoryError
            `of` is none of the three, or `observed_from` a text that looks like a time and is none.
        """
        check_choice("of", self.of, CLOCKS)
        since = self.observed_from
        if isinstance(since, str):
            check_name("observed_from", since)
            if _LIKE_A_DATE.match(since):
                object.__setattr__(self, "observed_from", moment(since, "observed_from"))

    @property
    def done(self) -> str:
        """What has happened to an alert at the end of its time."""
        return CLOCKS[self.of][0]

    @property
    def waiting(self) -> str:
        """What an alert is that has not got there."""
        return CLOCKS[self.of][1]

    @property
    def verb(self) -> str:
        """What a group does that gets there."""
        return self.of.removeprefix("time_to_")

    @property
    def noun(self) -> str:
        """The time's name, in words."""
        return self.of.replace("_", " ")


@dataclass(frozen=True, eq=False)
class Observed:
    """The alerts of a history by a clock, those left out that say nothing.

    Attributes
    ----------
    keys : list of tuple
        Of the groups, in the order of their codes.
    code, cluster : numpy.ndarray of int64, shape (n,)
        Each alert's group and cluster.
    entry_s, duration_s, looked_s : numpy.ndarray of float64, shape (n,)
        Seconds since it fired: until it came under observation, until its end (or the last that is known of it), and
        until it was last seen open (NaN: not known).
    ended : numpy.ndarray of bool, shape (n,)
        Whether it got there.
    cause : numpy.ndarray of int64, shape (n,)
        By what it was resolved, as ``resolution_clocks.sql`` numbers it; of no meaning for open ones.
    left_out : dict of str to int
        How many alerts say nothing, by the reason.
    answer : Answer
        For its SQL.
    clusters : str
        What the clusters are, in words.
    """

    keys: list[tuple[str | None, ...]]
    code: Ints = field(repr=False)
    cluster: Ints = field(repr=False)
    entry_s: Floats = field(repr=False)
    duration_s: Floats = field(repr=False)
    looked_s: Floats = field(repr=False)
    ended: Bools = field(repr=False)
    cause: Ints = field(repr=False)
    left_out: dict[str, int]
    answer: Answer
    clusters: str

    def of(self, row: int) -> Ints:
        """The places of a group's alerts, in ascending order of duration."""
        rows = np.flatnonzero(self.code == row)
        return rows[np.argsort(self.duration_s[rows], kind="stable")]

    def groups(self, level: float) -> list[Group]:
        """The groups that have an alert."""
        found = []
        for key, rows in zip(self.keys, split(self.code, len(self.keys)), strict=True):
            if rows.size:
                found.append(self.group(rows, level, key))
        return found

    def group(self, rows: Ints, level: float, key: tuple[str | None, ...] = ()) -> Group:
        """The alerts in `rows` as a group."""
        rows = rows[np.argsort(self.duration_s[rows], kind="stable")]
        entry = self.entry_s[rows]
        late = entry if np.any(entry > 0) else None
        return Group(key, self.duration_s[rows], self.ended[rows], self.cluster[rows], level, late)


def observe(history: AlertHistory, names: Sequence[str], clock: Clock, looked: str | None = None) -> Observed:
    """Read the alerts of a history by a clock.

    Parameters
    ----------
    history : AlertHistory
        What to read.
    names : sequence of str
        Columns or labels to group by.
    clock : Clock
        What to count.
    looked : str, optional
        The column or label that says when an alert was last seen open.

    Returns
    -------
    Observed
        Of an empty history, empty.

    Raises
    ------
    HistoryError
        No alert says when it was closed, where that is asked for.
    UnknownColumnError
        A name that the history does not have.
    """
    listed = history.ask("resolution_groups", keys={"series": names}).arrow()["series"].to_pylist()
    since = clock.observed_from
    column = [since] if isinstance(since, str) else []
    keys: dict[str, Sequence[str]] = {
        "series": names,
        "closed": _closed(history, clock),
        "entered": column,
        "looked": [looked] if looked else [],
    }
    params = {
        "clock": clock.of,
        "watermark": history.watermark,
        "observed_from": None if since is None or column else moment(since, "observed_from"),
    }
    answer, said = asked_by_cluster(history, "resolution_clocks", keys, params, clock.cluster)
    told = answer.arrow()
    if told.num_rows and not pc.any(told["is_told"]).as_py():
        raise HistoryError(
            f"No alert says when it was closed: there is no column, label or metadata key {CLOSED!r} with a time.",
            hint=f"a table's own column is kept as a label by Tabular(labels=['{CLOSED}']); "
            "of='time_to_resolve' needs no closing time.",
        )
    return _observed(told, [tuple(key) for key in listed], answer, said, clock.cluster)


def groups_by(
    history: AlertHistory, names: Sequence[str], clock: Clock, level: float
) -> tuple[list[Group], Answer, str, dict[str, int]]:
    """Read the groups of a history by a clock, with as few columns as the question needs.

    Returns
    -------
    groups : list of Group
        In the order of their keys.
    answer : Answer
        For its SQL.
    clusters : str
        What the clusters are, in words.
    left_out : dict of str to int
        How many alerts say nothing, by the reason.
    """
    if clock.of == "time_to_resolve" and clock.observed_from is None:
        return *groups_of(history, names, clock.cluster, history.watermark, level), {}
    seen = observe(history, names, clock)
    return seen.groups(level), seen.answer, seen.clusters, seen.left_out


def left_out_in_words(left_out: dict[str, int]) -> str:
    """Say how many alerts were left out and why; nothing where none was."""
    if not left_out:
        return ""
    reasons = "; ".join(f"{counted(n, 'alert')}: {why}" for why, n in sorted(left_out.items()))
    return f" Left out ({reasons})."


def _closed(history: AlertHistory, clock: Clock) -> list[str]:
    """The column or label with the closing time, where there is one; else the metadata are asked."""
    if clock.of != "time_to_close":
        return []
    try:
        history.ask("resolution_groups", keys={"series": [CLOSED]})
    except UnknownColumnError:
        return []
    return [CLOSED]


def _observed(
    told: pa.Table, keys: list[tuple[str | None, ...]], answer: Answer, said: str, cluster: str | None
) -> Observed:
    reasons = pc.value_counts(told["fault"].drop_null()).to_pylist()
    sound = told.filter(pc.is_null(told["fault"]))

    def ints(name: str) -> Ints:
        found: Ints = sound[name].to_numpy().astype(np.int64)
        return found

    def seconds(name: str) -> Floats:
        found: Floats = pc.cast(sound[name], pa.float64()).to_numpy() / _US  # null becomes NaN
        return found

    return Observed(
        keys=keys,
        code=ints("group_code"),
        cluster=np.arange(sound.num_rows) if cluster is None else ints("cluster_code"),
        entry_s=seconds("entry_us"),
        duration_s=seconds("duration_us"),
        looked_s=seconds("looked_us"),
        ended=sound["ended"].to_numpy(),
        cause=ints("cause"),
        left_out={str(one["values"]): int(one["counts"]) for one in reasons},
        answer=answer,
        clusters=said,
    )
