"""PagerDuty's REST API: the incidents created in a span of time, then everything that was logged in it.

``GET /incidents?since=&until=`` selects by creation, so it never tells that an older incident was resolved. The
account's ``GET /log_entries?since=&until=&include[]=incidents`` does: each entry comes with its incident as it is now,
and with the event that triggered it (``include[]=channels``).

Both page by ``offset`` and ``limit`` with ``more``, a hundred at a time and ten thousand at most: the span is walked in
slices of a week. The cursor is the time up to which slices are finished, or the slice and offset where a pull stopped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from alert_analytics.pulls.answers import Answer
from alert_analytics.pulls.client import Client
from alert_analytics.pulls.credentials import Way
from alert_analytics.pulls.feed import Feed, Page, State, done, reached, records, text_of
from alert_analytics.pulls.slices import Slice, walk

_KINDS = ("incidents", "log_entries")
_OPEN = timedelta(seconds=1)  # whether `since` itself belongs to the span is not documented: ask a little earlier


@dataclass(frozen=True)
class PagerDuty(Feed):
    """Incidents and their log entries.

    Attributes
    ----------
    page_size : int
        At most 100.
    deepest : int
        The API refuses ``offset + limit`` above it.
    slice_days : float
        Width of a slice; the API takes spans of up to six months.

    References
    ----------
    https://developer.pagerduty.com/api-reference (List incidents, List log entries; Pagination; REST API Rate Limits).
    """

    page_size: int = 100
    deepest: int = 10_000
    slice_days: float = 7.0

    name: ClassVar[str] = "pagerduty"
    reads: ClassVar[str] = "pagerduty"
    paths: ClassVar[tuple[str, ...]] = ("/incidents", "/log_entries")
    example: ClassVar[str] = "https://api.pagerduty.com (https://api.eu.pagerduty.com in Europe)"
    ways: ClassVar[tuple[Way, ...]] = (Way("Token token=", ("PAGERDUTY_TOKEN",)),)
    headers: ClassVar[Mapping[str, str]] = {"Accept": "application/vnd.pagerduty+json;version=2"}
    filters: ClassVar[tuple[str, ...]] = ("team_ids[]",)

    def pages(self, client: Client, state: State | None, since: datetime, now: datetime) -> Iterator[Page]:
        """Yield the slices' pages, the oldest slice first."""
        width = timedelta(days=self.slice_days)
        if state is not None and "kind" in state:
            at = Slice.of(state, _KINDS)
        else:
            first = since if state is None else self.begins(state, now)
            at = Slice(_KINDS[0], first, min(now, first + width))

        def ask(one: Slice) -> tuple[Answer, list[Any], bool]:
            answer = client.get(f"/{one.kind}", self._params(one))
            found = records(answer, one.kind, client)
            return answer, found, bool(answer.data.get("more"))

        begun = at.since
        for turn in walk(at, now, kinds=_KINDS, width=width, limit=self.page_size, deepest=self.deepest, ask=ask):
            last, until = turn.following is None, reached(now, turn.answer)
            yield Page(
                turn.payloads,
                {"at": text_of(until)} if turn.following is None else turn.following.state,
                turn.answer.digest,
                f"{turn.at.kind} {turn.at.since} {turn.at.until}",
                1.0 if turn.following is None else done(begun, turn.following.since, now),
                until if last else None,
            )

    def _params(self, one: Slice) -> list[tuple[str, str]]:
        params = [
            ("since", text_of(one.since - _OPEN)),
            ("until", text_of(one.until)),
            ("time_zone", "UTC"),
            ("limit", str(self.page_size)),
            ("offset", str(one.offset)),
        ]
        if one.kind == _KINDS[0]:
            return [*params, ("sort_by", "created_at:asc")]
        return [*params, ("is_overview", "false"), ("include[]", "incidents"), ("include[]", "channels")]
