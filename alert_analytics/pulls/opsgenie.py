"""Opsgenie's alert API, and those of its shape: first by creation, then by change.

A first pull walks ``GET /v2/alerts?query=createdAt>=A AND createdAt<B`` in slices of a week. Later pulls read
``sort=updatedAt&order=desc`` until they meet what they know: the query language has no field for the time of a change.
Whatever changes meanwhile moves to the front and is met by the next pull.

Pages go by ``offset`` as long as there is a ``paging.next``, a hundred alerts at a time and twenty thousand at most.
The address in ``paging.next`` is not followed, only its presence counts. The cursor is the time at which the last
finished pull began, or the place where a pull stopped.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from alert_analytics.errors import PullError
from alert_analytics.pulls.address import Address
from alert_analytics.pulls.answers import Answer
from alert_analytics.pulls.client import Client
from alert_analytics.pulls.credentials import Way
from alert_analytics.pulls.feed import (
    Feed,
    Page,
    State,
    broken,
    done,
    number_of,
    reached,
    read_time,
    records,
    text_of,
    time_of,
)
from alert_analytics.pulls.slices import Slice, walk

_PATH = "/v2/alerts"
_CREATED = ("created",)
_CHANGED = "changed"
_AGAIN = 10  # a tenth of a page is read again: an alert that is deleted meanwhile moves the others up


@dataclass(frozen=True)
class Opsgenie(Feed):
    """Alerts.

    Attributes
    ----------
    page_size : int
        At most 100.
    deepest : int
        The API refuses ``offset + limit`` above it.
    slice_days : float
        Width of a slice of the first pull.

    References
    ----------
    https://docs.opsgenie.com/docs/alert-api (List Alerts), /docs/pagination, /docs/alerts-search-query-help,
    /docs/api-rate-limiting.
    """

    page_size: int = 100
    deepest: int = 20_000
    slice_days: float = 7.0

    name: ClassVar[str] = "opsgenie"
    reads: ClassVar[str] = "opsgenie"
    paths: ClassVar[tuple[str, ...]] = (_PATH,)
    example: ClassVar[str] = "https://api.opsgenie.com (https://api.eu.opsgenie.com in Europe)"
    ways: ClassVar[tuple[Way, ...]] = (Way("GenieKey", ("OPSGENIE_API_KEY",)),)
    filters: ClassVar[tuple[str, ...]] = ("query",)

    def pages(self, client: Client, state: State | None, since: datetime, now: datetime) -> Iterator[Page]:
        """Yield the alerts created in the span of a first pull, or those changed since the last one."""
        if state is None or state.get("kind") in _CREATED:
            return self._created(client, state, since, now)
        return self._changed(client, state, now)

    def _created(self, client: Client, state: State | None, since: datetime, now: datetime) -> Iterator[Page]:
        width = timedelta(days=self.slice_days)
        at = Slice(_CREATED[0], since, min(now, since + width)) if state is None else Slice.of(state, _CREATED)
        started = None if state is None else time_of(state, "started")

        def ask(one: Slice) -> tuple[Answer, list[Any], bool]:
            span = f"createdAt >= {_millis(one.since)} AND createdAt < {_millis(one.until)}"
            return self._ask(client, span, "createdAt", "asc", one.offset)

        begun = at.since
        for turn in walk(at, now, kinds=_CREATED, width=width, limit=self.page_size, deepest=self.deepest, ask=ask):
            started = reached(now, turn.answer) if started is None else started
            going_on = None if turn.following is None else {**turn.following.state, "started": text_of(started)}
            yield Page(
                turn.payloads,
                {"at": text_of(started)} if going_on is None else going_on,
                turn.answer.digest,
                f"created {turn.at.since} {turn.at.until}",
                1.0 if turn.following is None else done(begun, turn.following.since, now),
                started if going_on is None else None,
            )

    def _changed(self, client: Client, state: State, now: datetime) -> Iterator[Page]:
        offset, started = 0, None
        if state.get("kind") == _CHANGED:
            offset, started = number_of(state, "offset"), time_of(state, "started")
        elif "kind" in state:
            raise broken("it is of another kind")
        known, more = self.begins(state, now), True
        while more:
            if offset + self.page_size > self.deepest:
                raise PullError(
                    f"{client.address.host}: more than {self.deepest:,} alerts have changed since {known:%Y-%m-%d}, "
                    "and the API shows no more of them.",
                    hint="--since begins anew from a time you say; pull more often after that.",
                )
            answer, found, more = self._ask(client, None, "updatedAt", "desc", offset)
            started = reached(now, answer) if started is None else started
            times = [one for one in map(_changed_at, found) if one is not None]
            oldest = min(times, default=started)
            more = more and bool(found) and oldest >= known
            offset += self.page_size - self.page_size // _AGAIN
            going_on = {
                "kind": _CHANGED,
                "at": state["at"],
                "started": text_of(started),
                "offset": offset,
            }
            yield Page(
                found,
                going_on if more else {"at": text_of(started)},
                answer.digest,
                _CHANGED,
                done(known, known + (started - max(known, oldest)), started) if more else 1.0,
                None if more else started,
            )

    def _ask(
        self, client: Client, span: str | None, sort: str, order: str, offset: int
    ) -> tuple[Answer, list[Any], bool]:
        query = _both(client.address.value("query"), span)
        params = [("limit", str(self.page_size)), ("offset", str(offset)), ("sort", sort), ("order", order)]
        answer = client.get(_PATH, params if query is None else [("query", query), *params])
        found = records(answer, "data", client)
        paging = answer.data.get("paging")
        return answer, found, bool(isinstance(paging, dict) and paging.get("next"))

    def check(self, address: Address) -> None:
        """Refuse a filter whose brackets are not in pairs: it would get out of its own."""
        super().check(address)
        depth = 0
        for sign in address.value("query") or "":
            depth += {"(": 1, ")": -1}.get(sign, 0)
            if depth < 0:
                break
        if depth:
            raise PullError("--from: the brackets in the query are not in pairs.", hint="write them in pairs.")


def _both(given: str | None, span: str | None) -> str | None:
    if given and span:
        return f"({given}) AND {span}"
    return given or span


def _millis(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def _changed_at(alert: object) -> datetime | None:
    return read_time(alert.get("updatedAt")) if isinstance(alert, dict) else None
