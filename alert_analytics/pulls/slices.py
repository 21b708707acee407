"""Walk a span of time slice by slice, and each slice page by page with an offset.

A slice lies in the past, so its pages stand still while they are read. Where it holds more than the API lets an offset
reach, it is cut in half.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from alert_analytics.errors import PullError
from alert_analytics.pulls.answers import Answer
from alert_analytics.pulls.feed import State, broken, number_of, text_of, time_of

_SHORTEST = timedelta(seconds=1)


class Slice(NamedTuple):
    """A half-open span of time that is read with an offset.

    Attributes
    ----------
    kind : str
        What is read, one of the walk's kinds.
    since, until : datetime
        ``since <= t < until``.
    offset : int
        Records of it that have been read.
    """

    kind: str
    since: datetime
    until: datetime
    offset: int = 0

    @property
    def state(self) -> State:
        """As a state keeps it."""
        return {
            "kind": self.kind,
            "since": text_of(self.since),
            "until": text_of(self.until),
            "offset": self.offset,
        }

    @classmethod
    def of(cls, state: State, kinds: tuple[str, ...]) -> Slice:
        """Read it back.

        Raises
        ------
        PullError
            It is none.
        """
        if state.get("kind") not in kinds:
            raise broken("it is of another kind")
        found = cls(state["kind"], time_of(state, "since"), time_of(state, "until"), number_of(state, "offset"))
        if found.until < found.since:
            raise broken("it ends before it begins")
        return found


class Turn(NamedTuple):
    """One page of a slice: what the server said, its payloads, where it stands, and whether the slice has more."""

    answer: Answer
    payloads: list[Any]
    at: Slice
    following: Slice | None


Ask = Callable[[Slice], tuple[Answer, list[Any], bool]]
"""Ask for a slice's page: the answer, its payloads, and whether there are more pages."""


def walk(
    begin: Slice, now: datetime, *, kinds: tuple[str, ...], width: timedelta, limit: int, deepest: int, ask: Ask
) -> Iterator[Turn]:
    """Walk from a slice on until `now`; in each slice one kind of record after the other.

    Parameters
    ----------
    begin : Slice
        Where to go on.
    now : datetime
        Where to end.
    kinds : tuple of str
        In this order.
    width : timedelta
        Of a slice.
    limit : int
        Records a page.
    deepest : int
        The API answers only where ``offset + limit`` is at most this.
    ask : callable
        Asks for a page.

    Raises
    ------
    PullError
        A second holds more records than the API lets anyone read.
    """
    at: Slice | None = begin
    while at is not None:
        if at.offset + limit > deepest:
            at = _halved(at)
        answer, payloads, more = ask(at)
        if more and payloads:
            following: Slice | None = at._replace(offset=at.offset + limit)
        elif at.kind != kinds[-1]:
            following = at._replace(kind=kinds[kinds.index(at.kind) + 1], offset=0)
        elif at.until < now:
            following = Slice(kinds[0], at.until, min(now, at.until + width))
        else:
            following = None
        yield Turn(answer, payloads, at, following)
        at = following


def _halved(at: Slice) -> Slice:
    """Its first half, from the beginning: its records come again, which changes nothing."""
    half = (at.until - at.since) / 2
    if half < _SHORTEST:
        raise PullError(
            f"{at.since:%Y-%m-%d %H:%M:%S} holds more {at.kind.replace('_', ' ')} than the API lets anyone read.",
            hint="narrow it with a filter in the address.",
        )
    return Slice(at.kind, at.since, (at.since + half).replace(microsecond=0))
