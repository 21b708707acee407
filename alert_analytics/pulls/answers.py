"""What a server answers, beside its records: how long to wait, what time it is there, and why it refuses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any


@dataclass(frozen=True)
class Answer:
    """A page: what its JSON says, its headers, and the server's own time."""

    data: Any
    headers: Mapping[str, str]
    now: datetime | None
    digest: bytes = field(repr=False)


@dataclass(frozen=True)
class Raw:
    """What came over the network: status, headers, and the body unpacked."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def asked_to_wait(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds that the server asks for: Retry-After (seconds, or a date by its own clock), or PagerDuty's header."""
    after = headers.get("Retry-After")
    if after is None:
        return seconds(headers.get("ratelimit-reset"))
    until = server_time(after)
    if until is None:
        return seconds(after.strip())
    return max(0.0, (until - (server_time(headers.get("Date")) or now)).total_seconds())


def seconds(text: str | None) -> float | None:
    """A whole number of seconds in a header; None where it is none."""
    return float(text) if text is not None and text.isascii() and text.isdigit() else None


def server_time(text: str | None) -> datetime | None:
    """The time in a header such as Date; None where it is none."""
    try:
        at = parsedate_to_datetime(text or "")
    except (TypeError, ValueError):
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def words(data: object) -> str:
    """The text of an error, where the common APIs keep it."""
    while isinstance(data, dict):
        data = next((data[key] for key in ("error", "message", "detail") if data.get(key)), None)
    return data if isinstance(data, str) else ""
