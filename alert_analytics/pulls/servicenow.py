"""ServiceNow's Table API: incidents in the order in which they were changed.

``GET /api/now/table/incident?sysparm_query=sys_updated_on>=T^ORDERBYsys_updated_on``. An incident that changes while
pages are read moves to the end of the order, so an offset alone would step over its neighbour: each page begins at the
time of the last record before it, and an offset is used only within a second that fills a page, or behind records that
the reader may not see (such a page is short, and only the ``Link`` header tells that there are more).

The cursor is the time of the last record read, and the offset behind it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
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
    done,
    number_of,
    reached,
    read_time,
    records,
    text_of,
    time_of,
)

_TABLE = "/api/now/table/incident"
_QUERY = "sysparm_query"
_AGAIN = 10  # a tenth of a page is read again behind an offset


@dataclass(frozen=True)
class ServiceNow(Feed):
    """The incident table.

    Times in a query are UTC for the Table API, as those in its answers are.

    Attributes
    ----------
    page_size : int
        ``sysparm_limit``; an instance caps it at 10,000.

    References
    ----------
    https://www.servicenow.com/docs, REST API reference: Table API (sysparm_query, sysparm_limit, sysparm_offset, the
    headers Link and X-Total-Count); KB0534905, Table API FAQs.
    """

    page_size: int = 500

    name: ClassVar[str] = "servicenow_table"
    reads: ClassVar[str] = "servicenow_table"
    paths: ClassVar[tuple[str, ...]] = (_TABLE, "/api/now")
    example: ClassVar[str] = "https://INSTANCE.service-now.com"
    ways: ClassVar[tuple[Way, ...]] = (
        Way("Bearer", ("SERVICENOW_BEARER_TOKEN",)),
        Way("Basic", ("SERVICENOW_USER", "SERVICENOW_PASSWORD")),
    )
    filters: ClassVar[tuple[str, ...]] = (_QUERY,)

    def check(self, address: Address) -> None:
        """Refuse filters that would undo the order, or let records in beside the pull's own condition."""
        super().check(address)
        given = address.value(_QUERY) or ""
        for word in ("^NQ", "ORDERBY", "GROUPBY", "sys_updated_on"):
            if word in given:
                raise PullError(
                    f"--from: {word} in {_QUERY} would break the paging.", hint="--since says where to begin."
                )

    def pages(self, client: Client, state: State | None, since: datetime, now: datetime) -> Iterator[Page]:
        """Yield the incidents changed since, the oldest change first."""
        at, offset = since, 0
        if state is not None and state.get("finished"):
            at = self.begins(state, now)
        elif state is not None:
            at, offset = time_of(state, "at"), number_of(state, "offset")
        begun, more = at, True
        while more:
            answer = client.get(_TABLE, self._params(client.address, at, offset))
            found = records(answer, "result", client)
            more = _has_more(answer, offset, len(found), self.page_size)
            times = [one for one in map(_changed_at, found) if one is not None]
            if times != sorted(times):
                raise PullError(
                    f"{client.address.host}: the records do not come in the order asked for.",
                    hint="does a proxy or an access rule drop ORDERBYsys_updated_on from the query?",
                )
            latest = max([at, *times])
            alone = times.count(latest) == len(found)  # one second fills the page
            if latest > at and not alone:
                offset = 0
            elif more:
                offset = (offset if latest == at else 0) + self.page_size - self.page_size // _AGAIN
            at = latest
            yield Page(
                found,
                {"at": text_of(at), "offset": offset if more else 0, "finished": not more},
                answer.digest,
                "incidents",
                done(begun, at, now) if more else 1.0,
                None if more else reached(now, answer),
            )

    def _params(self, address: Address, at: datetime, offset: int) -> list[tuple[str, str]]:
        given = address.value(_QUERY)
        query = f"sys_updated_on>={at:%Y-%m-%d %H:%M:%S}^ORDERBYsys_updated_on^ORDERBYsys_id"
        return [
            (_QUERY, f"{given}^{query}" if given else query),
            ("sysparm_limit", str(self.page_size)),
            ("sysparm_offset", str(offset)),
            ("sysparm_display_value", "all"),
            ("sysparm_exclude_reference_link", "true"),
        ]


def _changed_at(record: object) -> datetime | None:
    """When a record was changed; a value comes as it is, or beside the text that is displayed."""
    value: Any = record.get("sys_updated_on") if isinstance(record, dict) else None
    return read_time(value.get("value") if isinstance(value, dict) else value)


def _has_more(answer: Answer, offset: int, n: int, limit: int) -> bool:
    """Whether the server has more: by its Link header, else its count, else a full page."""
    link, total = answer.headers.get("Link"), answer.headers.get("X-Total-Count")
    if link is not None:
        return 'rel="next"' in link
    if total is not None and total.isascii() and total.isdigit():
        return int(total) > offset + limit
    return n >= limit
