"""Records of what was done to a store for the sake of persons: the audit chain, and reports. No input or output."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from alert_analytics.tables import counted

Plain = None | bool | int | float | str | list["Plain"] | dict[str, "Plain"]
"""What JSON can hold."""

BEGINNING = "0" * 64
"""The previous hash of the first record."""


@dataclass(frozen=True)
class AuditRecord:
    """One link of the audit chain. Make it with :meth:`after`.

    Attributes
    ----------
    seq : int
        Its place, from 1.
    at : datetime
        When it was written, in UTC without a zone.
    action : str
        What was done: ``erase``, ``retain``, ``export``, ``backup``, ``restore``.
    details : mapping of str to plain JSON values
        Counts and pseudonyms; never a person's identifier, and no text that came with an alert.
    previous_hash, hash : str
        SHA-256 in hexadecimal digits: of the record before, and of this one with that.
    """

    seq: int
    at: datetime
    action: str
    details: Mapping[str, Any]
    previous_hash: str
    hash: str

    @classmethod
    def after(cls, previous: AuditRecord | None, at: datetime, action: str, details: Mapping[str, Any]) -> AuditRecord:
        """Make the record that follows another; None for the first."""
        seq, before = (1, BEGINNING) if previous is None else (previous.seq + 1, previous.hash)
        moment = at if at.tzinfo is None else at.astimezone(UTC).replace(tzinfo=None)
        return cls(seq, moment, action, dict(details), before, _hash(seq, moment, action, details, before))

    @property
    def is_sound(self) -> bool:
        """Whether the hash is that of the content."""
        return self.hash == _hash(self.seq, self.at, self.action, self.details, self.previous_hash)


def canonical_json(value: object) -> str:
    """Write a plain value as JSON in the one way that is hashed: keys sorted, no spaces, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def verify(records: Iterable[AuditRecord]) -> int | None:
    """Find the first place at which an audit chain is broken.

    A chain that was cut off at its end is sound as far as it goes: keep the hash of the last record elsewhere, and
    compare.

    Parameters
    ----------
    records : iterable of AuditRecord
        In order.

    Returns
    -------
    int or None
        The place (from 1) of the first record that was changed, or before which one is missing; None for a sound chain.

    Examples
    --------
    >>> from datetime import datetime
    >>> first = AuditRecord.after(None, datetime(2026, 3, 1), "retain", {"n_alerts": 3})
    >>> verify([first, AuditRecord.after(first, datetime(2026, 3, 2), "backup", {})]) is None
    True
    """
    before, place = BEGINNING, 0
    for place, record in enumerate(records, start=1):
        if record.seq != place or record.previous_hash != before or not record.is_sound:
            return place
        before = record.hash
    return None


@dataclass(frozen=True)
class AuditCheck:
    """Whether an audit chain is sound.

    Attributes
    ----------
    n_records : int
        How many there are.
    broken_at : int or None
        The first place that does not fit; None where all do.
    head : str
        The hash of the last record: kept elsewhere, it shows later that no record was cut off.
    """

    n_records: int
    broken_at: int | None
    head: str

    @property
    def is_sound(self) -> bool:
        """Whether every record fits the one before it."""
        return self.broken_at is None

    @property
    def sentence(self) -> str:
        """The finding in words."""
        if self.broken_at is not None:
            return f"The audit chain is broken at record {self.broken_at} of {self.n_records}."
        return f"The audit chain of {counted(self.n_records, 'record')} is sound; its head is {self.head}."


@dataclass(frozen=True)
class Copies:
    """What became of the library's own backups.

    Attributes
    ----------
    rewritten : tuple of str
        Paths of the backups that were treated like the store.
    missing : tuple of str
        Paths of backups that are no longer where they were made: look after them yourself.
    """

    rewritten: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """In words; empty where there are none."""
        done = f" {counted(len(self.rewritten), 'backup')} rewritten too." if self.rewritten else ""
        gone = f" Not found, so untouched: {', '.join(self.missing)}." if self.missing else ""
        return done + gone


@dataclass(frozen=True)
class ErasureReport:
    """What an erasure did. It does not name the person.

    Attributes
    ----------
    pseudonyms : tuple of str
        What stands in the place of each identifier, the longest identifier first; none where nobody was found.
    is_keyed : bool
        Whether the pseudonyms are made with ``ALERT_PSEUDONYM_KEY``, so that the same person gets the same one again;
        else with a key that nobody kept.
    changed : mapping of str to int
        Rows that held an identifier, by table of the store.
    backups : Copies
        What became of the backups.
    """

    pseudonyms: tuple[str, ...]
    is_keyed: bool
    changed: Mapping[str, int]
    backups: Copies = field(default_factory=Copies)

    @property
    def n_rows(self) -> int:
        """Rows that held an identifier."""
        return sum(self.changed.values())

    @property
    def sentence(self) -> str:
        """The report in words."""
        if not self.pseudonyms:
            return f"Nobody of that name was found; nothing was changed.{self.backups.sentence}"
        names = ", ".join(self.pseudonyms)
        if not self.n_rows:
            return f"No row of the store named the person, who is {names} in its backups now.{self.backups.sentence}"
        where = ", ".join(f"{n:,} in {table}" for table, n in sorted(self.changed.items()) if n)
        found = f"{counted(self.n_rows, 'row')} named the person ({where})"
        return f"{found}; the file was rewritten with {names} in its place.{self.backups.sentence}"

    def to_dict(self) -> dict[str, Any]:
        """The report as plain values."""
        return asdict(self)


@dataclass(frozen=True)
class RetentionReport:
    """What retention took away.

    Attributes
    ----------
    until : datetime
        What ended before this went.
    n_alerts, n_events, n_quarantined : int
        How many went.
    backups : Copies
        What became of the backups.
    """

    until: datetime
    n_alerts: int
    n_events: int
    n_quarantined: int
    backups: Copies = field(default_factory=Copies)

    @property
    def sentence(self) -> str:
        """The report in words."""
        return (
            f"{counted(self.n_alerts, 'alert')} that ended before {self.until} went, with "
            f"{counted(self.n_events, 'event')} and {counted(self.n_quarantined, 'row')} that had been set aside."
            f"{self.backups.sentence}"
        )

    def to_dict(self) -> dict[str, Any]:
        """The report as plain values."""
        return asdict(self)


@dataclass(frozen=True)
class SubjectExport:
    """Everything in which a person's identifiers occur.

    Rows are whole: they can hold what belongs to other persons. Look them over before they are handed out.

    Attributes
    ----------
    tables : mapping of str to list of dict
        Rows by table of the store, times in ISO 8601.
    """

    tables: Mapping[str, list[dict[str, Any]]]

    @property
    def n_rows(self) -> int:
        """How many rows there are."""
        return sum(map(len, self.tables.values()))

    @property
    def sentence(self) -> str:
        """The finding in words."""
        where = ", ".join(f"{len(rows):,} in {table}" for table, rows in self.tables.items() if rows)
        verb = "names" if self.n_rows == 1 else "name"
        return f"{counted(self.n_rows, 'row')} {verb} the person ({where})." if where else "No row names the person."

    def to_json(self) -> str:
        """Write it as JSON text."""
        return json.dumps(dict(self.tables), indent=2, ensure_ascii=False, allow_nan=False)


def _hash(seq: int, at: datetime, action: str, details: Mapping[str, Any], previous_hash: str) -> str:
    said = {
        "seq": seq,
        "at": at.isoformat(timespec="microseconds"),
        "action": action,
        "details": dict(details),
        "previous_hash": previous_hash,
    }
    return hashlib.sha256(canonical_json(said).encode()).hexdigest()
