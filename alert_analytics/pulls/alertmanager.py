"""Alertmanager's API: what is firing now, and from two polls what has ended between them.

``GET /api/v2/alerts`` shows the present only. An alert that the last poll saw and this one does not has ended somewhere
between the two; it is told as resolved at the time of this poll, so durations are at most one polling interval too
long. (The API's ``endsAt`` is no end while an alert is active: it is when Alertmanager gives up waiting for news.) An
alert that began and ended between two polls is never seen: the webhook tells all of them.

Where an alert comes again with a later start, the former one is told as resolved at that start. An alert whose start
lies ahead, because the clock of whoever sent it is, counts as observed at that start, and ends no earlier. Where
Alertmanager itself was started a short while ago, it may not have been told of everything yet, and nothing is taken for
ended.

The cursor is the time of the last poll, and of each alert that was open then its fingerprint, start and state. Only
what has changed since is told, so polling often costs the store nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, NamedTuple

from alert_analytics.errors import PullError
from alert_analytics.pulls.answers import Answer
from alert_analytics.pulls.client import Client
from alert_analytics.pulls.credentials import Way
from alert_analytics.pulls.feed import Feed, Page, State, broken, reached, read_time, text_of
from alert_analytics.tables import counted

_ALERTS, _STATUS = "/api/v2/alerts", "/api/v2/status"


class Seen(NamedTuple):
    """What is kept of an open alert from poll to poll: its start as the API wrote it, and its state."""

    start: str
    state: str


@dataclass(frozen=True)
class Alertmanager(Feed):
    """The alerts that Alertmanager holds.

    Attributes
    ----------
    warm_up_s : float
        So long after Alertmanager's own start nothing is taken for ended.

    References
    ----------
    https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml (gettableAlert, alertmanagerStatus).
    """

    warm_up_s: float = 600.0

    name: ClassVar[str] = "alertmanager"
    reads: ClassVar[str] = "alertmanager_poll"
    paths: ClassVar[tuple[str, ...]] = (_ALERTS, "/api/v2")
    example: ClassVar[str] = "https://alertmanager.example.com:9093"
    ways: ClassVar[tuple[Way, ...]] = (
        Way("Bearer", ("ALERTMANAGER_BEARER_TOKEN",)),
        Way("Basic", ("ALERTMANAGER_USER", "ALERTMANAGER_PASSWORD")),
    )
    needs_secret: ClassVar[bool] = False
    filters: ClassVar[tuple[str, ...]] = ("filter", "receiver")
    has_history: ClassVar[bool] = False

    def pages(self, client: Client, state: State | None, since: datetime, now: datetime) -> Iterator[Page]:
        """Yield one page: what has changed since the last poll."""
        answer = client.get(_ALERTS)
        if not isinstance(answer.data, list):
            raise PullError(
                f"{client.address.host}: {_ALERTS} is no list of alerts.",
                hint="is it an Alertmanager of 0.16 or later?",
            )
        polled_at = reached(now, answer)
        before = _seen_before(state)
        alerts = {key: one for one in answer.data if (key := _fingerprint(one)) is not None}
        after = {key: _seen(one) for key, one in alerts.items()}
        told = [_as_shown(one) for one in answer.data if _fingerprint(one) is None]
        told += [
            _told(alerts[key], before.get(key), polled_at, str(client.address))
            for key, seen in after.items()
            if before.get(key) != seen
        ]
        told += [
            _ended(key, seen, after[key].start, polled_at)
            for key, seen in before.items()
            if _comes_again(seen, after.get(key))
        ]
        missing = [key for key in before if key not in after]
        # Some have not begun by our clock, so they cannot have ended by it: that waits for a later poll.
        ahead = [key for key in missing if (at := read_time(before[key].start)) is not None and at >= polled_at]
        gone = [key for key in missing if key not in ahead]
        after |= {key: before[key] for key in ahead}
        notes: tuple[str, ...] = ()
        if gone and (started := self._just_started(client, polled_at)) is not None:
            kept = f"{counted(len(gone), 'alert')} that it no longer shows {'is' if len(gone) == 1 else 'are'} kept"
            notes = (
                f"Alertmanager was started at {started:%Y-%m-%d %H:%M:%S}, and may not know of everything yet: "
                f"{kept} as open until the next poll.",
            )
            after |= {key: before[key] for key in gone}
        else:
            told += [_ended(key, before[key], text_of(polled_at), polled_at) for key in gone]
        yield Page(
            told,
            {"at": text_of(polled_at), "open": {key: list(seen) for key, seen in sorted(after.items())}},
            answer.digest,
            "alerts",
            1.0,
            polled_at,
            notes,
        )

    def _just_started(self, client: Client, now: datetime) -> datetime | None:
        """When Alertmanager was started, if a short while ago (``uptime`` of its status is that time)."""
        answer: Answer = client.get(_STATUS)
        started = read_time(answer.data.get("uptime")) if isinstance(answer.data, dict) else None
        recent = started is not None and now - started < timedelta(seconds=self.warm_up_s)
        return started if recent else None


def _fingerprint(alert: object) -> str | None:
    """What identifies an alert that the source will take; None of one that it will refuse."""
    if not isinstance(alert, dict):
        return None
    found, labels = alert.get("fingerprint"), alert.get("labels")
    is_whole = isinstance(found, str) and found and isinstance(labels, dict) and labels and _start(alert)
    return str(found) if is_whole else None


def _as_shown(alert: object) -> object:
    """An alert for the source to refuse: with a time of the poll, which is not what is wrong with it."""
    return {"polledAt": alert.get("startsAt"), **alert} if isinstance(alert, dict) else alert


def _start(alert: Mapping[str, Any]) -> str:
    found = alert.get("startsAt")
    return found if isinstance(found, str) and read_time(found) is not None else ""


def _seen(alert: Mapping[str, Any]) -> Seen:
    status = alert.get("status")
    state = status.get("state") if isinstance(status, dict) else None
    return Seen(_start(alert), state if isinstance(state, str) else "active")


def _seen_before(state: State | None) -> dict[str, Seen]:
    found = {} if state is None else state.get("open")
    if not isinstance(found, dict):
        raise broken("it holds no open alerts")
    try:
        seen = {str(key): Seen(str(start), str(word)) for key, (start, word) in found.items()}
    except (TypeError, ValueError) as error:
        raise broken("an open alert in it is none") from error
    if any(read_time(one.start) is None for one in seen.values()):
        raise broken("an open alert in it has no start")
    return seen


def _comes_again(before: Seen, after: Seen | None) -> bool:
    """Whether an alert is another one than at the last poll: it starts later."""
    if after is None:
        return False
    was, starts = read_time(before.start), read_time(after.start)
    return was is not None and starts is not None and starts > was


def _told(alert: Mapping[str, Any], before: Seen | None, polled_at: datetime, origin: str) -> dict[str, Any]:
    """The alert as the API shows it, with place and time of the poll, and its state at the last one."""
    was = None if before is None else before.state
    seen_at = _not_before(_start(alert), polled_at)
    return {**alert, "polledAt": text_of(seen_at), "polledFrom": origin, "stateBefore": was}


def _ended(fingerprint: str, before: Seen, end: str, polled_at: datetime) -> dict[str, Any]:
    """An alert that has ended, in the API's words; of its labels the store knows already."""
    return {
        "fingerprint": fingerprint,
        "startsAt": before.start,
        "endsAt": end,
        "status": {"state": "resolved"},
        "polledAt": text_of(_not_before(end, polled_at)),
    }


def _not_before(time: str, polled_at: datetime) -> datetime:
    """The time of the poll, else a later one that the API tells."""
    told = read_time(time)
    return polled_at if told is None else max(polled_at, told)
