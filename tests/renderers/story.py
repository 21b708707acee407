"""The truth: one week of outages, as plain Python, before any format has told it.

``alerts()`` gives about 300 :class:`TrueAlert`, the same for the same seed. A condition is a rule on an instance; its
alerts follow one another and never overlap, alerts of different conditions do. All times are whole minutes in UTC
without a zone, so that formats that know a minute, or only a query's step, can say them too.

A renderer is a module beside this one, named like its source, with

- ``CANNOT_SAY: dict[str, str]``: by column of :data:`COLUMNS`, why the format cannot say it;
- ``source()``: the source object that reads what it renders;
- ``render(alerts) -> list[dict]``: the payloads that the system would have sent or shown by :data:`END`, in order of
  time; nothing in them was known only later.

``told(alerts, cannot_say)`` is then what a store must hold after it has ingested the payloads.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

START, END = datetime(2026, 3, 2), datetime(2026, 3, 9)
MINUTE = timedelta(minutes=1)
COLUMNS = (
    *("rule", "service", "team", "severity", "status", "message", "fired_at", "acknowledged_at", "resolved_at"),
    *("occurrences", "assignee", "labels"),
)
"""What is compared: these columns of the canonical alert."""

_TEAMS = {"checkout": "payments", "search": "discovery", "database": "storage", "queue": "platform"}
_RULES = {
    "HighErrorRate": "critical",
    "HighLatency": "high",
    "QueueGrowing": "medium",
    "DiskFilling": "low",
    "CertificateExpires": "info",
}
_PEOPLE = ("ana@example.com", "ben@example.com", "chloé@example.com")


@dataclass(frozen=True)
class Condition:
    """What can be wrong: the identity that a fingerprint stands for."""

    rule: str
    severity: str
    service: str
    team: str
    instance: str

    @property
    def labels(self) -> dict[str, str]:
        return {
            "alertname": self.rule,
            "instance": self.instance,
            "region": "eu-west",
            "service": self.service,
            "severity": self.severity,
            "team": self.team,
        }

    @property
    def message(self) -> str:
        return f"{self.rule} on {self.instance} (“{self.service}”)"


@dataclass(frozen=True)
class TrueAlert:
    """One alert as it was.

    Attributes
    ----------
    condition : Condition
        What was wrong.
    fired_at : datetime
        When it began.
    refires : tuple of datetime
        When it fired again while it was open, after `fired_at` and before `resolved_at`.
    acknowledged_at : datetime or None
        When a person took it, between `fired_at` and `resolved_at`.
    assignee : str or None
        Who did; None where nobody.
    resolved_at : datetime or None
        When it ended; None where it was open at :data:`END`.
    """

    condition: Condition
    fired_at: datetime
    refires: tuple[datetime, ...] = ()
    acknowledged_at: datetime | None = None
    assignee: str | None = None
    resolved_at: datetime | None = None

    @property
    def status(self) -> str:
        if self.resolved_at is not None:
            return "resolved"
        return "firing" if self.acknowledged_at is None else "acknowledged"

    def row(self) -> dict[str, Any]:
        """The canonical columns that are compared."""
        about = self.condition
        values = {
            "rule": about.rule,
            "service": about.service,
            "team": about.team,
            "severity": about.severity,
            "status": self.status,
            "message": about.message,
            "labels": about.labels,
            "assignee": self.assignee,
            "fired_at": self.fired_at,
            "acknowledged_at": self.acknowledged_at,
            "resolved_at": self.resolved_at,
            "occurrences": 1 + len(self.refires),
        }
        return {name: values[name] for name in COLUMNS}


@cache
def alerts(seed: int = 0) -> tuple[TrueAlert, ...]:
    """Tell the week's outages, in order of their beginning.

    An outage hits one service: several rules on several instances fire within minutes of one another, some of them
    again while they are open, some again after they were resolved.
    """
    chance = random.Random(seed)
    free = dict.fromkeys(_conditions(), START)  # from when on a condition may fire again
    found: list[TrueAlert] = []
    for begun in sorted(chance.sample(range(7 * 24 * 60), 52)):
        service, begins = chance.choice(sorted(_TEAMS)), START + begun * MINUTE
        hit = [one for one in free if one.service == service and chance.random() < 0.5]
        for condition in hit:
            fired_at = begins + chance.randrange(10) * MINUTE
            for _ in range(chance.choice((1, 1, 1, 2, 3))):  # flapping: resolved, and fired again
                if fired_at < free[condition] or fired_at >= END:
                    break
                alert = _alert(chance, condition, fired_at)
                found.append(alert)
                fired_at = (alert.resolved_at or END) + chance.choice((1, 2, 7, 30)) * MINUTE
                free[condition] = fired_at
    return tuple(sorted(found, key=lambda one: (one.fired_at, one.condition.message)))


def told(given: Iterable[TrueAlert], cannot_say: Collection[str] = ()) -> list[dict[str, Any]]:
    """What a format can say of these alerts, ready to be compared."""
    return comparable([one.row() for one in given], cannot_say)


def comparable(rows: Iterable[Mapping[str, Any]], cannot_say: Collection[str] = ()) -> list[dict[str, Any]]:
    """Keep the columns of canonical rows that a format can say, in an order that depends on nothing else."""
    columns = [name for name in COLUMNS if name not in cannot_say]
    kept = ({name: row[name] for name in columns} for row in rows)
    plain = ({**row, "labels": dict(row["labels"])} if "labels" in row else row for row in kept)
    return sorted(plain, key=lambda row: [str(sorted(v.items()) if isinstance(v, dict) else v) for v in row.values()])


def _conditions() -> Sequence[Condition]:
    return [
        Condition(rule, severity, service, team, f"{service}-{number}:9100")
        for service, team in _TEAMS.items()
        for rule, severity in _RULES.items()
        for number in (1, 2)
    ]


def _alert(chance: random.Random, condition: Condition, fired_at: datetime) -> TrueAlert:
    minutes = chance.choice((2, 3, 5, 12, 40, 95, 600, 1500))
    resolved_at = fired_at + minutes * MINUTE
    inside = [fired_at + minute * MINUTE for minute in range(1, minutes) if fired_at + minute * MINUTE < END]
    refires = chance.sample(inside, min(len(inside), chance.choice((0, 0, 0, 1, 2))))
    taken = bool(inside) and chance.random() < 0.5
    return TrueAlert(
        condition=condition,
        fired_at=fired_at,
        refires=tuple(sorted(refires)),
        acknowledged_at=chance.choice(inside) if taken else None,
        assignee=chance.choice(_PEOPLE) if taken else None,
        resolved_at=resolved_at if resolved_at < END else None,
    )
