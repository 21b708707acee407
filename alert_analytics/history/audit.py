"""The audit chain of a store: what was done to it, in records that only ever grow in number."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from alert_analytics.alerts.compliance import BEGINNING, AuditCheck, AuditRecord, canonical_json, verify

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

COLUMNS = 'seq, "at", action, details, previous_hash, hash'


def records(cursor: DuckDBPyConnection) -> list[AuditRecord]:
    """Read the chain of the attached store, in order."""
    rows = cursor.execute(f"SELECT {COLUMNS} FROM store.audit ORDER BY seq").fetchall()
    return [_record(*row) for row in rows]


def append(cursor: DuckDBPyConnection, action: str, details: Mapping[str, Any]) -> AuditRecord:
    """Write what is being done, in the transaction that does it.

    Parameters
    ----------
    cursor : DuckDBPyConnection
        In a transaction on the attached store.
    action : str
        A word of ours.
    details : mapping
        Counts and pseudonyms; whatever stands here stays for ever.
    """
    last = cursor.execute(f"SELECT {COLUMNS} FROM store.audit ORDER BY seq DESC LIMIT 1").fetchall()
    previous = _record(*last[0]) if last else None
    record = AuditRecord.after(previous, datetime.now(UTC), action, details)
    cursor.execute(
        "INSERT INTO store.audit VALUES (?, ?, ?, ?, ?, ?)",
        [record.seq, record.at, action, canonical_json(dict(details)), record.previous_hash, record.hash],
    )
    return record


def values(cursor: DuckDBPyConnection) -> Iterator[str]:
    """Give every text in the details of the chain; not the keys, which are ours."""
    waiting: list[Any] = [record.details for record in records(cursor)]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, Mapping):
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value


def check(cursor: DuckDBPyConnection) -> AuditCheck:
    """Verify the chain of the attached store."""
    chain = records(cursor)
    return AuditCheck(len(chain), verify(chain), chain[-1].hash if chain else BEGINNING)


def _record(seq: int, at: datetime, action: str, details: str, previous_hash: str, hash_: str) -> AuditRecord:
    return AuditRecord(seq, at, action, _details(details), previous_hash, hash_)


def _details(text: str) -> Mapping[str, Any]:
    """What the text says; text that is not as we write it is shown as it is, and breaks the chain."""
    try:
        said = json.loads(text)
        is_ours = isinstance(said, dict) and canonical_json(said) == text  # blanks, a key twice, NaN: somebody's
    except (ValueError, RecursionError):
        is_ours = False
    return said if is_ours else {"unreadable": text}
