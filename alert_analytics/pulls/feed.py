"""What every API has in common: pages of payloads, and after each the place to go on from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, NamedTuple

from alert_analytics.errors import PullError
from alert_analytics.pulls.address import Address
from alert_analytics.pulls.answers import Answer
from alert_analytics.pulls.client import Client
from alert_analytics.pulls.credentials import Way

State = Mapping[str, Any]
"""Where a pull goes on: plain JSON, the feed's own. It never holds a secret, nor anything of a person."""

OVERLAP = timedelta(minutes=15)
"""How much before its cursor a pull begins, for what arrived late; reading it again changes nothing."""

FIRST = timedelta(days=30)
"""How far a first pull reaches back where nobody says."""


class Page(NamedTuple):
    """One page of an API, ready to be ingested.

    Attributes
    ----------
    payloads : list
        What the source of the format reads.
    state : mapping
        Where to go on once this page is in the store.
    digest : bytes
        Of the page as the server sent it.
    walk : str
        Which sequence of pages it belongs to; within one, no page comes twice unless the server is stuck.
    share : float
        How much of the pull is done, 0 to 1.
    complete_until : datetime or None
        On the last page: until when everything has been read.
    notes : tuple of str
        What the reader should know, such as the server's own warnings.
    """

    payloads: list[Any]
    state: State
    digest: bytes
    walk: str
    share: float
    complete_until: datetime | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Feed(ABC):
    """One API. A subclass is a frozen dataclass; its fields are page sizes and the like."""

    name: ClassVar[str]
    """What ``--source`` calls it."""
    reads: ClassVar[str]
    """The source that reads its payloads."""
    paths: ClassVar[tuple[str, ...]]
    """The API's own paths: an address may end in one."""
    example: ClassVar[str]
    """An address, for hints."""
    ways: ClassVar[tuple[Way, ...]]
    """How it takes secrets."""
    needs_secret: ClassVar[bool] = True
    headers: ClassVar[Mapping[str, str]] = {}
    filters: ClassVar[tuple[str, ...]] = ()
    """Query parameters that an address may carry; any other would break the paging, or do nothing."""
    has_history: ClassVar[bool] = True
    """Whether the past can be asked for."""

    @abstractmethod
    def pages(self, client: Client, state: State | None, since: datetime, now: datetime) -> Iterator[Page]:
        """Yield page after page, oldest first where the API allows it.

        Parameters
        ----------
        client : Client
            Asks for a page.
        state : mapping or None
            Where the last pull got to; None for the first, which begins at `since`.
        since : datetime
            Where a first pull begins.
        now : datetime
            This machine's time.

        Raises
        ------
        PullError
            The server's answer is not what the API says, or the state is none of this feed's.
        """

    def check(self, address: Address) -> None:
        """Refuse an address whose query the pull cannot keep.

        Raises
        ------
        PullError
            It carries a parameter that is none of the filters.
        """
        other = [name for name, _ in address.query if name not in self.filters]
        if other:
            may = f"may carry {', '.join(self.filters)}" if self.filters else "carries no query"
            raise PullError(
                f"--from: {other[0]!r} in the address; for {self.name} it {may}.",
                hint="the pull pages by itself; --since says where to begin.",
            )

    def begins(self, state: State, now: datetime) -> datetime:
        """Where the next pull begins whose last one was finished: a little before, and never after now."""
        return min(time_of(state, "at"), now) - OVERLAP


def reached(now: datetime, answer: Answer) -> datetime:
    """Until when a server's answer is complete: by the slower of the two clocks."""
    return now if answer.now is None else min(now, answer.now)


def records(answer: Answer, key: str, client: Client) -> list[Any]:
    """The list of payloads under a key of an answer.

    Raises
    ------
    PullError
        There is none.
    """
    found = answer.data.get(key) if isinstance(answer.data, dict) else None
    if not isinstance(found, list):
        raise PullError(
            f"{client.address.host}: the answer has no list {key!r}.", hint="is the address that of the API?"
        )
    return found


def text_of(at: datetime) -> str:
    """A time as a state keeps it."""
    return at.astimezone(UTC).isoformat()


def time_of(state: State, key: str) -> datetime:
    """A time that a state keeps.

    Raises
    ------
    PullError
        There is none.
    """
    found = read_time(state.get(key))
    if found is None:
        raise broken(f"{key} is no time")
    return found


def number_of(state: State, key: str) -> int:
    """A count that a state keeps.

    Raises
    ------
    PullError
        There is none.
    """
    found = state.get(key)
    if not isinstance(found, int) or isinstance(found, bool) or found < 0:
        raise broken(f"{key} is no count")
    return found


def broken(why: str) -> PullError:
    """The error of a state that is none."""
    return PullError(
        f"The store's cursor for this address cannot be used: {why}.", hint="--since begins anew from a time you say."
    )


def read_time(value: object) -> datetime | None:
    """A time of a record (ISO 8601, UTC without an offset); None where it is none: the source will say so."""
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def done(begun: datetime, reached: datetime, now: datetime) -> float:
    """The share of a span that is behind."""
    whole = (now - begun).total_seconds()
    return 1.0 if whole <= 0 else min(1.0, max(0.0, (reached - begun).total_seconds() / whole))
