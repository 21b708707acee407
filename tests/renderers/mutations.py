"""Payloads spoilt by chance: fields taken away, renamed, wrapped, given odd values; bytes changed, lost or added."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from typing import Any

_ODD: tuple[Any, ...] = (
    *(None, True, 0, -1, 1.5, 1e308, 10**30, 10**400, float("nan"), float("inf"), [], {}, [[]], {"a": {}}),
    *(
        "",
        " ",
        "x" * 1000,
        "\ud800",
        "\x00",
        "é",
        "0",
        "-1",
        "NaN",
        "firing",
        "resolved",
        "unknown",
        "../../etc/passwd",
    ),
    *(
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "2026-13-01T00:00:00Z",
        "2026-03-02T10:00:00+23:59",
        "2026-03-02",
    ),
    *("'; DROP TABLE alerts; --", '"', "\\", "{{ message }}", "$1", "%s"),
)
_NAMES = ("", "x", "\x00", "alertname", "severity", "status", "id", "a" * 300)


def mutated(payloads: Sequence[Any], many: int, seed: int) -> Iterator[bytes]:
    """Yield `many` spoilt payloads, always the same for the same seed."""
    chance = random.Random(seed)
    written = [json.dumps(one) for one in payloads]
    for _ in range(many):
        payload = json.loads(chance.choice(written))
        for _ in range(chance.choice((1, 1, 1, 2, 5))):
            _spoil(chance, payload)
        raw = json.dumps(payload).encode()
        yield _spoil_bytes(chance, raw) if chance.random() < 0.3 else raw


def _spoil(chance: random.Random, payload: Any) -> None:
    """Change one place of a payload."""
    held = payload
    while True:
        if not held:
            return
        key = chance.choice(list(held)) if isinstance(held, dict) else chance.randrange(len(held))
        if isinstance(held[key], (dict, list)) and chance.random() < 0.8:
            held = held[key]
            continue
        break
    how = chance.randrange(4)
    if how == 0:
        del held[key]
    elif how == 1 and isinstance(held, dict):
        held[chance.choice(_NAMES)] = held.pop(key)
    elif how == 2:
        held[key] = [held[key]]
    else:
        held[key] = chance.choice(_ODD)


def _spoil_bytes(chance: random.Random, raw: bytes) -> bytes:
    spoilt = bytearray(raw)
    for _ in range(chance.choice((1, 1, 3))):
        place = chance.randrange(len(spoilt) + 1)
        spoilt[place : place + chance.randrange(2)] = chance.choice((b"", bytes([chance.randrange(256)])))
    return bytes(spoilt[: chance.choice((len(spoilt), len(spoilt), chance.randrange(1, len(spoilt) + 1)))])
