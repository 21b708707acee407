"""Bring what a running system tells into a store, page by page, from where the last pull stopped."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

from alert_analytics.errors import PullError, nearest
from alert_analytics.history import AlertStore, Source
from alert_analytics.history.merge import Cursor
from alert_analytics.history.scope import moment
from alert_analytics.pulls.address import Address
from alert_analytics.pulls.alertmanager import Alertmanager
from alert_analytics.pulls.client import Client, Limits
from alert_analytics.pulls.credentials import credentials, named
from alert_analytics.pulls.feed import FIRST, Feed, Page, State, broken
from alert_analytics.pulls.opsgenie import Opsgenie
from alert_analytics.pulls.pagerduty import PagerDuty
from alert_analytics.pulls.prometheus import Prometheus
from alert_analytics.pulls.report import Progress, PullReport
from alert_analytics.pulls.servicenow import ServiceNow
from alert_analytics.tables import counted

FEEDS: dict[str, Callable[[], Feed]] = {
    "alertmanager": Alertmanager,
    "opsgenie": Opsgenie,
    "pagerduty": PagerDuty,
    "prometheus": Prometheus,
    "servicenow": ServiceNow,
    "servicenow_table": ServiceNow,
}
"""What can be pulled, by the name that ``--source`` takes."""

_SKEW_S = 60  # a difference of clocks that is worth a word


def pull(
    store: AlertStore,
    url: str,
    *,
    source: str | Feed,
    reads: str | Source | None = None,
    since: datetime | str | None = None,
    pseudonymise: Iterable[str] = (),
    progress: Callable[[Progress], None] | None = None,
    limits: Limits | None = None,
    environment: Mapping[str, str] | None = None,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> PullReport:
    """Read a running system's alerts into a store, from where the last pull of the same address stopped.

    Each page is ingested with the cursor behind it in one transaction: a pull that is killed, or meets a broken page,
    goes on there the next time, without loss or doubles. A pull begins a quarter of an hour before its cursor, for what
    arrived late.

    Parameters
    ----------
    store : AlertStore
        Where the alerts go; the cursor is kept there too.
    url : str
        The API's address, without secrets: these are read from environment variables alone.
    source : str or Feed
        ``alertmanager``, ``opsgenie``, ``pagerduty``, ``prometheus`` or ``servicenow``; or one made to measure, such as
        ``PagerDuty(page_size=50)``.
    reads : str or Source, optional
        What reads the payloads, where it is not the source of that name as it is.
    since : datetime or str, optional
        Begin anew from here, with no regard to the cursor. A first pull begins thirty days ago. Alertmanager knows the
        present only.
    pseudonymise : iterable of str, optional
        Where the payloads name persons, as for :meth:`AlertStore.ingest`.
    progress : callable, optional
        Told after each page.
    limits : Limits, optional
        Timeouts, retries and the largest page.
    environment, sleep, clock
        Instead of ``os.environ``, ``time.sleep`` and this machine's time.

    Returns
    -------
    PullReport
        What became of everything read.

    Raises
    ------
    PullError
        The address holds a secret, or the system does not answer as its API says; what was read before is kept.
    HistoryError
        `since` is no time.
    """
    people = tuple(pseudonymise)
    feed = _feed_named(source)
    address = Address.parse(url, endings=feed.paths, hint=f"such as {feed.example}.")
    feed.check(address)
    now = clock().astimezone(UTC)
    begin = _begin(since, feed, now)
    name = f"{feed.name} {address}"
    state = None if since is not None else _stored(store, name)
    report = PullReport(feed.name, str(address), _words(feed, state, begin, now))
    client = Client(
        address,
        credentials(feed.ways, address, needed=feed.needs_secret, environment=environment),
        headers=feed.headers,
        hint=f"--from takes the API's base address, such as {feed.example}.",
        variables=named(feed.ways),
        limits=limits or Limits(),
        sleep=sleep,
        clock=clock,
    )
    watch = _Watch(address.host)
    with closing(client):
        try:
            for page in feed.pages(client, state, begin, now):
                watch.see(page)
                page = page._replace(notes=tuple(map(client.hide, page.notes)))
                told = store.ingest(
                    [json.dumps(one) for one in page.payloads],
                    source=reads or feed.reads,
                    complete_until=page.complete_until,
                    cursor=Cursor(name, json.dumps(page.state)),
                    pseudonymise=people,
                )
                report = report.plus(page, told)
                if progress is not None:
                    progress(Progress(page.share, report.n_pages, report.n_records))
        except PullError as error:
            raise _after(error, report.n_pages) from error
    return replace(report, notes=(*report.notes, *_skew(client.skew_s)))


class _Watch:
    """Sees when a server sends the same page again and again."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._walk = ""
        self._seen: set[bytes] = set()

    def see(self, page: Page) -> None:
        if page.walk != self._walk:
            self._walk, self._seen = page.walk, set()
        if page.payloads and page.digest in self._seen:
            raise PullError(
                f"{self._host}: sends a page that it has sent before, so paging would never end.",
                hint="does a proxy cache the answers, or drop parts of the query?",
            )
        self._seen.add(page.digest)


def _feed_named(source: str | Feed) -> Feed:
    if isinstance(source, Feed):
        return source
    if source not in FEEDS:
        meant = nearest([source], FEEDS)
        raise PullError(
            f"--source {source}: nothing that can be pulled is called so.",
            hint=f"{'' if meant is None else f'{meant} '}there are {', '.join(FEEDS)}.",
        )
    return FEEDS[source]()


def _begin(since: datetime | str | None, feed: Feed, now: datetime) -> datetime:
    if since is None:
        return now - FIRST
    if not feed.has_history:
        raise PullError(f"--since: {feed.name} shows the present only.", hint="leave --since out.")
    at = moment(since, "since").replace(tzinfo=UTC)
    if at >= now:
        raise PullError(f"--since {at:%Y-%m-%d %H:%M:%S} lies in the future.", hint="say a time before now.")
    return at


def _stored(store: AlertStore, name: str) -> State | None:
    text = store.cursor(name)
    if text is None:
        return None
    try:
        state = json.loads(text)
    except ValueError as error:
        raise broken("it is no JSON") from error
    if not isinstance(state, dict):
        raise broken("it is no object")
    return state


def _words(feed: Feed, state: State | None, begin: datetime, now: datetime) -> str:
    if state is not None:
        return "It went on where the last pull of this address stopped."
    if not feed.has_history:
        return "The store has no earlier pull of this address."
    return (
        f"The store has no earlier pull of this address to go on from, so it began at {begin:%Y-%m-%d %H:%M} UTC"
        f"{'; --since reaches further back' if now - begin == FIRST else ''}."
    )


def _after(error: PullError, n_pages: int) -> PullError:
    if not n_pages:
        return error
    kept = f"{counted(n_pages, 'page')} before it {'is' if n_pages == 1 else 'are'}"
    return PullError(f"{error.message} The {kept} in the store; the next pull goes on there.", hint=error.hint)


def _skew(seconds: float | None) -> tuple[str, ...]:
    if seconds is None or abs(seconds) < _SKEW_S:
        return ()
    way = "ahead of" if seconds > 0 else "behind"
    return (
        f"The server's clock is {abs(seconds):,.0f} s {way} this machine's; the pull is complete until the earlier "
        "of the two. Set the clocks.",
    )
