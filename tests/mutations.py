"""Payloads and table rows gone wrong: seeded, so that what once broke something can be had again."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping, MutableSequence
from typing import Any

SQL = "'; DROP TABLE store.alerts; --"
TEXTS = (
    *(
        "",
        " ",
        "\x00",
        "a\x00b",
        "\x1f",
        "\x7f",
        "\u0085",
        "\u2028",
        "\u202e",
        "\ufeff",
        "\ufffd",
        "\U0001d4b3",
        "e\u0301" * 40,
    ),
    *(SQL, '"; SELECT 1; --', "$1", "{}", "[]", "%s", "\\", "../../etc/passwd", "NULL", "null", "nan", "?", "true"),
    *("x" * 70_000, "0" * 400, "-0", "1e999", "١٢٣", "1_000", "0x1F", "1,5", "NaN", "Infinity"),
)
TIMES = (
    *("0000-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.999999-14:00", "9999-12-31T23:59:59Z"),
    *("292277-01-09T04:00:54Z", "-292277-01-09T04:00:54Z", "290309-12-22 00:00:00", "294247-01-10 04:00:54.775807"),
    *(
        "2026-02-30T00:00:00Z",
        "2026-03-02T25:61:61Z",
        "2026-03-02T10:00:00.123456789Z",
        "2026-03-02",
        "10:00",
        "infinity",
    ),
    *("2026-03-02 10:00:60", "1677-09-21T00:12:43Z", "2262-04-11T23:47:17Z", "1582-10-10T00:00:00Z", "-infinity"),
    *("2026-03-02T10:00:00+99:99", "0000-00-00 00:00:00", "0001-01-01 00:00:00", "9999-12-31 23:59:59", "epoch"),
    *(
        "02/03/0000 00:00",
        "31/12/9999 23:59",
        "31/02/2026 10:00",
        "99/99/9999 99:99",
        "1/1/1 1:1",
        "01/01/292277 00:00",
    ),
)
NUMBERS = (0, -1, 1, 2**31, 2**53 + 1, 2**63 - 1, 2**63, -(2**63) - 1, 10**30, 10**400, -0.0, 1e308, 5e-324)
STRANGE = (
    float("nan"),
    float("inf"),
    float("-inf"),
    None,
    True,
    False,
    [],
    {},
    [[]],
    [None],
    {"": None},
    {"a": {"b": []}},
)
SURROGATES = ("\ud800", "a\udfff", "\udc80\udc00")
ENCODINGS = ("utf-16", "utf-16-le", "utf-32", "latin-1", "cp1252", "utf-8-sig", "cp500", "utf-7", "shift_jis")

Place = tuple[Any, Any]
"""A container and the key or index of something in it."""


def mutated_payload(chance: random.Random, payload: str) -> bytes:
    """A payload with one to four things wrong, as bytes.

    Parameters
    ----------
    chance : random.Random
        What is drawn.
    payload : str
        A JSON object.
    """
    value: Any = json.loads(payload)
    places = list(_places(value))
    for _ in range(chance.choice((1, 1, 2, 4))):
        container, key = chance.choice(places)
        if _has(container, key):
            chance.choice(_CHANGES)(chance, container, key, places)
    text = json.dumps(value, ensure_ascii=chance.random() < 0.5)
    if chance.random() < 0.05:
        text = _deeper(chance, text)
    if chance.random() < 0.05:
        text = _twice(chance, text)
    if chance.random() < 0.2:
        return chance.choice(_DAMAGE)(chance, text)
    return text.encode("utf-8", "surrogatepass")


def mutated_row(chance: random.Random, row: Mapping[str, str | None]) -> dict[str, str | None]:
    """A row of texts with one to three cells wrong; the columns stay.

    Parameters
    ----------
    chance : random.Random
        What is drawn.
    row : mapping of str to str or None
        By column.
    """
    cells, names = dict(row), list(row)
    for _ in range(chance.choice((1, 1, 2, 3))):
        name, old = (one := chance.choice(names)), cells[one] or ""
        which = chance.random()
        if which < 0.35:
            cells[name] = chance.choice((*TEXTS, *TIMES))
        elif which < 0.5:
            cells[name] = None
        elif which < 0.65:
            other = chance.choice(names)
            cells[name], cells[other] = cells[other], cells[name]
        elif which < 0.8:
            cells[name] = old[: chance.randrange(len(old) + 1)]
        else:
            at = chance.randrange(len(old) + 1)
            cells[name] = old[:at] + chance.choice((*TEXTS, *map(str, NUMBERS))) + old[at:]
    return cells


def damaged(chance: random.Random, content: bytes) -> bytes:
    """A file of which some bytes are wrong, missing, doubled or from elsewhere."""
    for _ in range(chance.choice((1, 1, 3, 20))):
        at = chance.randrange(len(content) + 1)
        which = chance.randrange(5)
        if which == 0:
            content = content[:at]
        elif which == 1:
            content = content[:at] + chance.randbytes(chance.choice((1, 2, 50))) + content[at:]
        elif which == 2:
            content = content[:at] + content[max(0, at - 30) :]
        elif which == 3:
            content = content[: max(0, at - 3)] + content[at:]
        elif content:
            content = _flipped(chance, content)
    return content


def _places(value: Any) -> Iterator[Place]:
    """Whatever is in it, at any depth."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        keys = list(one) if isinstance(one, dict) else range(len(one))
        for key in keys:
            yield one, key
            if isinstance(one[key], (dict, list)):
                waiting.append(one[key])


def _has(container: Any, key: Any) -> bool:
    return key in container if isinstance(container, dict) else key < len(container)


def _drop(chance: random.Random, container: Any, key: Any, places: MutableSequence[Place]) -> None:
    del container[key]


def _retype(chance: random.Random, container: Any, key: Any, places: MutableSequence[Place]) -> None:
    old = container[key]
    container[key] = chance.choice(
        ([old], {"value": old}, json.dumps(old), str(old), len(str(old)), bool(old), float(len(str(old))))
    )


def _swap(chance: random.Random, container: Any, key: Any, places: MutableSequence[Place]) -> None:
    other, name = chance.choice(places)
    if _has(other, name):
        one, two = json.loads(json.dumps(container[key])), json.loads(json.dumps(other[name]))
        container[key], other[name] = two, one


def _cut(chance: random.Random, container: Any, key: Any, places: MutableSequence[Place]) -> None:
    old = container[key]
    if isinstance(old, (str, list)):
        container[key] = old[: chance.randrange(len(old) + 1)]


def _replace(chance: random.Random, container: Any, key: Any, places: MutableSequence[Place]) -> None:
    container[key] = chance.choice((*TEXTS, *TIMES, *NUMBERS, *STRANGE, *SURROGATES))


def _insert(chance: random.Random, container: Any, key: Any, places: MutableSequence[Place]) -> None:
    old = container[key]
    if isinstance(old, str):
        at = chance.randrange(len(old) + 1)
        container[key] = old[:at] + chance.choice((*TEXTS, *SURROGATES)) + old[at:]
    elif isinstance(old, list):
        old.append(chance.choice((*TEXTS, *STRANGE, *old)))
    elif isinstance(old, dict):
        old[chance.choice((*TEXTS, *TIMES))] = chance.choice((*TEXTS, *NUMBERS, *STRANGE))
    else:
        container[key] = chance.choice(NUMBERS)


def _retime(chance: random.Random, container: Any, key: Any, places: MutableSequence[Place]) -> None:
    """Strange times where there was one."""
    times = [one for one in places if _has(*one) and isinstance(one[0][one[1]], str) and one[0][one[1]][:2] == "20"]
    if times:
        other, name = chance.choice(times)
        other[name] = chance.choice(TIMES)


_CHANGES: tuple[Callable[[random.Random, Any, Any, MutableSequence[Place]], None], ...] = (
    *(_drop, _retype, _swap, _cut, _replace, _replace, _insert, _retime),
)


def _deeper(chance: random.Random, text: str) -> str:
    """Nested more deeply than anybody means."""
    depth = chance.choice((50, 500, 5_000))
    junk = chance.choice(("[", '{"a":')) * depth if chance.random() < 0.3 else f"{'[' * depth}{']' * depth}"
    return f'{text[:-1]}, "junk": {junk}}}' if len(text) > 2 else junk


def _twice(chance: random.Random, text: str) -> str:
    """With a key twice."""
    value = json.loads(text) if len(text) < 50_000 and '"junk": ' not in text else {}
    if not isinstance(value, dict) or not value:
        return text
    key = chance.choice(list(value))
    again = json.dumps(chance.choice((*TEXTS, *TIMES, None, value[key])))
    return f"{text[:-1]}, {json.dumps(key)}: {again}}}"


def _flipped(chance: random.Random, content: bytes) -> bytes:
    at = chance.randrange(len(content))
    return content[:at] + bytes([content[at] ^ (1 << chance.randrange(8))]) + content[at + 1 :]


def _flip(chance: random.Random, text: str) -> bytes:
    content = text.encode("utf-8", "surrogatepass")
    for _ in range(chance.choice((1, 3, 30))):
        content = _flipped(chance, content)
    return content


def _torn(chance: random.Random, text: str) -> bytes:
    content = text.encode("utf-8", "surrogatepass")
    return content[: chance.randrange(len(content) + 1)]


def _encoded(chance: random.Random, text: str) -> bytes:
    return text.encode(chance.choice(ENCODINGS), "replace")


def _other(chance: random.Random, text: str) -> bytes:
    """No object at all."""
    things = (json.dumps(one) for one in (*STRANGE[:6], 0, "text", 10**400))
    return chance.choice(
        (
            b"",
            b" ",
            b"\x00",
            b"\xff\xfe",
            chance.randbytes(40),
            text.encode("utf-8", "surrogatepass") * 2,
            *map(str.encode, things),
        )
    )


_DAMAGE: tuple[Callable[[random.Random, str], bytes], ...] = (_flip, _flip, _torn, _encoded, _other)
