"""What is seen of each alert for the load of people: whom it interrupted, at what hour of theirs, how long it lay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property

import numpy as np
import numpy.typing as npt

from alert_analytics.analytics.local_time import zone_of
from alert_analytics.analytics.performance_seen import in_us
from alert_analytics.analytics.suppression import SUPPRESSED, people_of, pool
from alert_analytics.analytics.workload_hours import DAY_US, HOUR_US, Hours, local_us, named_zone, weekday
from alert_analytics.engine import Answer
from alert_analytics.errors import HistoryError
from alert_analytics.history import AlertHistory
from alert_analytics.tables import counted

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

Key = tuple[str | None, ...]
_TEAM = "team"
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, eq=False)
class Load:
    """The alerts of a history, sorted by responder and firing.

    Attributes
    ----------
    row : numpy.ndarray of int64, shape (n,)
        The row of the answer that each counts in.
    responder : numpy.ndarray of int64, shape (n,)
        Codes; -1 where none is named.
    people : tuple of numpy.ndarray of int64, shape (n,)
        Codes of the people whom an alert names: its assignee, and its responder where that is another column but teams.
    fired_us, end_us, acknowledged_us : numpy.ndarray of int64, shape (n,)
        Microseconds since 1970, UTC; the end is the watermark's at the latest, the acknowledgement -1 where there is
        none.
    local_us : numpy.ndarray of int64, shape (n,)
        When it fired on the responder's own clock.
    hours : numpy.ndarray of int8, shape (n,)
        Of the firing; places in :data:`alert_analytics.analytics.workload_hours.CLASSES`.
    interrupts : numpy.ndarray of bool, shape (n,)
        Whether it begins an interruption: its responder is named, and nothing else of theirs fired shortly before.
    is_acknowledged : numpy.ndarray of bool, shape (n,)
        By the watermark.
    reassignments, escalations : numpy.ndarray of float64, shape (n,)
        NaN where the source does not say.
    keys : tuple of tuple of str or None
        The values of `by` of each row.
    n_people : numpy.ndarray of int64, shape (rows,)
        Different people; see :func:`alert_analytics.analytics.suppression.people_of`.
    pooled : tuple of int
        How many groups each row stands for, 0 for one that is itself.
    is_hidden : bool
        Whether even the pooled row stands for too few people to be shown.
    n_small : int
        How many groups have too few people.
    suppress_below : int
        How many are enough.
    start_us, until_us : int
        The span.
    """

    row: Ints = field(repr=False)
    responder: Ints = field(repr=False)
    people: tuple[Ints, ...] = field(repr=False)
    fired_us: Ints = field(repr=False)
    end_us: Ints = field(repr=False)
    acknowledged_us: Ints = field(repr=False)
    local_us: Ints = field(repr=False)
    hours: npt.NDArray[np.int8] = field(repr=False)
    interrupts: Bools = field(repr=False)
    is_acknowledged: Bools = field(repr=False)
    reassignments: Floats = field(repr=False)
    escalations: Floats = field(repr=False)
    keys: tuple[Key, ...]
    n_people: Ints
    pooled: tuple[int, ...]
    is_hidden: bool
    n_small: int
    suppress_below: int
    start_us: int
    until_us: int

    @property
    def n_rows(self) -> int:
        """Rows of the answer."""
        return len(self.keys)

    @cached_property
    def hour(self) -> Ints:
        """The hour of the firing on the responder's own clock, 0 to 23."""
        found: Ints = self.local_us % DAY_US // HOUR_US
        return found

    @cached_property
    def weekday(self) -> Ints:
        """The day of the week there, 0 for Monday."""
        return weekday(self.local_us)

    @property
    def days(self) -> float:
        """Length of the span."""
        return (self.until_us - self.start_us) / DAY_US

    def counted(self, among: Bools | None = None) -> Floats:
        """Count the alerts of each row, of those `among` alone where given."""
        rows = self.row if among is None else self.row[among]
        return np.bincount(rows, minlength=self.n_rows).astype(np.float64)

    def hidden(self) -> Bools:
        """The rows whose numbers must not be shown."""
        return np.array([bool(n) and self.is_hidden for n in self.pooled], dtype=np.bool_)


@dataclass(frozen=True)
class Asked:
    """How the load is to be counted; see :meth:`WorkloadAnalysis.from_alerts`."""

    names: tuple[str, ...]
    responder: str
    timezone: str | Mapping[str | None, str]
    hours: Hours
    together: timedelta
    suppress_below: int


def loaded(history: AlertHistory, asked: Asked) -> tuple[Load, Answer]:
    """Read the alerts of a history.

    Raises
    ------
    HistoryError
        A responder's zone is not said, or not known.
    UnknownColumnError
        A name that the history does not have.
    """
    keys: Mapping[str, Sequence[str]] = {"series": asked.names, "responder": [asked.responder]}
    answer = history.ask("workload", keys=keys, params={"watermark": history.watermark})
    found = answer.arrow()
    columns = {name: found[name].to_numpy() for name in found.column_names}
    group, responder = columns["group_code"].astype(np.int64), columns["responder_code"].astype(np.int64)
    listed = history.ask("resolution_groups", keys=keys).arrow()["series"].to_pylist()
    people = history.ask("workload_responders", keys=keys).arrow()["responder"].to_pylist()
    fired = columns["fired_us"].astype(np.int64)
    local = _on_clocks(fired, group, responder, [tuple(key) for key in listed], [one[0] for one in people], asked)
    person = columns["person_code"].astype(np.int64)
    of_people = (person,) if asked.responder in {"assignee", _TEAM} else (person, responder)
    row, kept, pooled, n_small, is_hidden = _rows(group, of_people, [tuple(key) for key in listed], asked)
    gap_us = np.full(fired.size, np.iinfo(np.int64).max)
    gap_us[1:] = np.where(responder[1:] == responder[:-1], np.diff(fired), gap_us[1:])
    span = history.span
    return Load(
        row=row,
        responder=responder,
        people=of_people,
        fired_us=fired,
        end_us=columns["end_us"].astype(np.int64),
        acknowledged_us=columns["acknowledged_us"].astype(np.int64),
        local_us=local,
        hours=asked.hours.classes(local),
        interrupts=(responder >= 0) & (gap_us > asked.together // _MICROSECOND),
        is_acknowledged=columns["is_acknowledged"].astype(np.bool_),
        reassignments=_filled(columns["reassignments"]),
        escalations=_filled(columns["escalations"]),
        keys=kept,
        n_people=people_of(row, of_people, len(kept)),
        pooled=pooled,
        is_hidden=is_hidden,
        n_small=n_small,
        suppress_below=asked.suppress_below,
        start_us=in_us(span.start if span else None),
        until_us=in_us(span.end if span else None),
    ), answer


def _filled(values: npt.NDArray[np.generic]) -> Floats:
    found: Floats = np.asarray(values, dtype=np.float64)
    return found


def _on_clocks(
    fired_us: Ints, group: Ints, responder: Ints, keys: Sequence[Key], people: Sequence[str], asked: Asked
) -> Ints:
    """When each alert fired on the clock of its responder; one that names nobody interrupts nobody, and is in UTC."""
    n = max(len(keys), 1)
    pairs, place = np.unique((responder + 1) * n + group, return_inverse=True)
    names, missing = [], set()
    for pair in pairs.tolist():
        who = None if pair < n else people[pair // n - 1]
        zone = named_zone(asked.timezone, who, keys[pair % n])
        if zone is None and who is not None:
            missing.add(who)
        names.append(zone or "UTC")
    if missing:
        raise HistoryError(
            f"timezone= names no zone for {len(missing):,} of {counted(len(people), 'responder')}.",
            hint='add None: "Europe/Berlin" for everyone else.',
        )
    local = fired_us.copy()
    zones = np.array(names, dtype=object)
    for name in dict.fromkeys(names):
        there = np.flatnonzero((zones == name)[place])
        local[there] = local_us(fired_us[there], zone_of(name))
    return local


def _rows(
    group: Ints, people: Sequence[Ints], keys: Sequence[Key], asked: Asked
) -> tuple[Ints, tuple[Key, ...], tuple[int, ...], int, bool]:
    """Put groups of too few people together in one row: codes, keys, groups in each, too few before and still."""
    found = pool(group, people, len(keys), asked.suppress_below)
    kept = np.flatnonzero(~found.is_pooled)
    place = np.full(len(keys), kept.size, dtype=np.int64)
    place[kept] = np.arange(kept.size)
    shown, pooled = [keys[i] for i in kept.tolist()], [0] * kept.size
    if found.n_small:
        shown.append((SUPPRESSED, *[None] * (len(asked.names) - 1)) if asked.names else ())
        pooled.append(int(found.is_pooled.sum()))
    return place[group], tuple(shown), tuple(pooled), found.n_small, found.is_hidden
