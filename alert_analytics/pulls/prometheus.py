"""Prometheus' HTTP API: the series that it keeps of its own alerts, slice after slice.

``GET /api/v1/query_range`` of ``ALERTS`` and ``ALERTS_FOR_STATE``. Slices of six hours keep a page small and stay below
the 11,000 points a series that the API allows. Their bounds are multiples of the step, and the end of one is the start
of the next, as the source wants them; a later pull begins a little before the last one ended.

A missing sample is the end of an alert, so nothing may be asked for that the server does not have yet: the last slice
ends two minutes before now, by the slower of the two clocks.

The cursor is the time up to which slices are finished.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

from alert_analytics.errors import PullError
from alert_analytics.pulls.address import Address
from alert_analytics.pulls.answers import Answer
from alert_analytics.pulls.client import Client
from alert_analytics.pulls.credentials import Way
from alert_analytics.pulls.feed import Feed, Page, State, done, reached, text_of

_PATH = "/api/v1/query_range"
_QUERY = '{__name__=~"ALERTS|ALERTS_FOR_STATE"}'
_MOST_POINTS = 10_000  # a series and query; the API refuses more than 11,000
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}


@dataclass(frozen=True)
class Prometheus(Feed):
    """The series of alerts.

    Attributes
    ----------
    step_s : int
        Between two samples, in seconds; ``?step=30s`` in the address says another. Ends are known to a step.
    slice_hours : float
        Width of a slice.
    lag_s : int
        How long before now to end; more where a remote store gets its samples late.

    References
    ----------
    https://prometheus.io/docs/prometheus/latest/querying/api/ (Range queries; Format overview).
    """

    step_s: int = 60
    slice_hours: float = 6.0
    lag_s: int = 120

    name: ClassVar[str] = "prometheus"
    reads: ClassVar[str] = "prometheus"
    paths: ClassVar[tuple[str, ...]] = (_PATH, "/api/v1")
    example: ClassVar[str] = "https://prometheus.example.com:9090"
    ways: ClassVar[tuple[Way, ...]] = (
        Way("Bearer", ("PROMETHEUS_BEARER_TOKEN",)),
        Way("Basic", ("PROMETHEUS_USER", "PROMETHEUS_PASSWORD")),
    )
    needs_secret: ClassVar[bool] = False
    filters: ClassVar[tuple[str, ...]] = ("step", "dedup", "partial_response", "max_source_resolution")

    def check(self, address: Address) -> None:
        """Refuse a step that is no length of time."""
        super().check(address)
        self._step(address)

    def pages(self, client: Client, state: State | None, since: datetime, now: datetime) -> Iterator[Page]:
        """Yield the slices, the oldest first."""
        step = self._step(client.address)
        width = max(step, int(min(self.slice_hours * 3600, _MOST_POINTS * step)) // step * step)
        begun = since if state is None else self.begins(state, now)
        at, last, finished = _on_step(begun, step), _on_step(now, step, self.lag_s), False
        while not finished:
            end = max(at, min(last, at + width))
            answer = client.get(_PATH, _params(at, end, step))
            behind = _on_step(reached(now, answer), step, self.lag_s)
            if behind < last:  # the server's clock is behind ours: ask again for what it can know
                last = behind
                if end > max(at, last):
                    continue
            finished = end >= last
            until, warnings = _moment(end), _warnings(answer, client)
            yield Page(
                [_payload(answer, warnings, end, step)] if _series(answer, client) else [],
                {"at": text_of(until)},
                answer.digest,
                f"series {at}",
                1.0 if finished else done(begun, until, now),
                until if finished else None,
                tuple(f"Prometheus warns: {one}" for one in warnings),
            )
            at = end

    def _step(self, address: Address) -> int:
        given = address.value("step")
        if given is None:
            return self.step_s
        found = re.fullmatch(r"([1-9][0-9]{0,5})([smh]?)", given)
        if found is None:
            raise PullError(f"--from: step={given} is no step.", hint="write it like step=30s or step=1m.")
        return int(found[1]) * _UNITS[found[2]]


def _params(start: int, end: int, step: int) -> list[tuple[str, str]]:
    return [("query", _QUERY), ("start", str(start)), ("end", str(end)), ("step", str(step))]


def _series(answer: Answer, client: Client) -> list[Any]:
    """The series of a response; none where nothing fired.

    Raises
    ------
    PullError
        It is no matrix.
    """
    data = answer.data.get("data") if isinstance(answer.data, dict) else None
    found = data.get("result") if isinstance(data, dict) and data.get("resultType") == "matrix" else None
    if not isinstance(found, list):
        raise PullError(
            f"{client.address.host}: {_PATH} gave no matrix of series.", hint="is the address that of a Prometheus?"
        )
    return found


def _payload(answer: Answer, warnings: list[str], end: int, step: int) -> dict[str, Any]:
    """What the source reads of a response, with what it does not say itself."""
    kept = {name: answer.data.get(name) for name in ("status", "data")}
    return {**kept, "warnings": warnings, "end": end, "step": step}


def _warnings(answer: Answer, client: Client) -> list[str]:
    """What the server warns of, in its words but for secrets: it may repeat what it was sent."""
    given = answer.data.get("warnings") if isinstance(answer.data, dict) else None
    return [client.hide(one) for one in given if isinstance(one, str)] if isinstance(given, list) else []


def _on_step(at: datetime, step: int, lag: int = 0) -> int:
    return max(0, int(at.timestamp()) - lag) // step * step


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
