"""Where the payloads lie in a JSON text: cut out as they are written, not parsed and written anew."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

# Only the ends of values are wanted: numbers stay text, however many digits they have.
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)
_SPACE = re.compile(r"[ \t\n\r]*")


def is_whole(text: str) -> bool:
    """Whether a text is one JSON object or array and nothing else.

    Parameters
    ----------
    text : str
        Any text.

    Examples
    --------
    >>> is_whole('{"a": 1}'), is_whole('{"a":'), is_whole('12'), is_whole('{} {}')
    (True, False, False, False)
    """
    if not text.lstrip().startswith(("{", "[")):
        return False
    try:
        return len(values_in(text)) == 1
    except (ValueError, RecursionError):
        return False


def values_in(text: str) -> list[str]:
    """Cut a text into the JSON values that follow one another in it.

    Parameters
    ----------
    text : str
        One value, or several with nothing but blanks between them.

    Returns
    -------
    list of str
        Each as it is written.

    Raises
    ------
    ValueError
        Not all of it is JSON.
    RecursionError
        It is nested too deep.
    """
    found, at = [], _skip(text, 0)
    while at < len(text):
        end = _end(text, at)
        found.append(text[at:end])
        at = _skip(text, end)
    return found


def payloads_in(text: str, envelope: Sequence[str] = ()) -> list[str]:
    """Cut the payloads out of one JSON text.

    Parameters
    ----------
    text : str
        A payload; an array of them; an object that holds arrays of them under `envelope`; an array of such objects.
    envelope : sequence of str
        The keys of such an object. One with a key ``id`` is a payload itself.

    Returns
    -------
    list of str
        The payloads as they are written. A text that is none of these, or no JSON, comes back whole.

    Examples
    --------
    >>> payloads_in('{"more": false, "incidents": [{"id": 1}, {"id": 2}]}', ["incidents"])
    ['{"id": 1}', '{"id": 2}']
    """
    try:
        start = _skip(text, 0)
        if text.startswith("[", start):
            parts, end = _elements(text, start)
            return [text] if text[end:].strip() else [one for part in parts for one in _unwrapped(part, envelope)]
        return _unwrapped(text, envelope)
    except (ValueError, RecursionError):
        return [text]


def _unwrapped(text: str, envelope: Sequence[str]) -> list[str]:
    if not any(f'"{key}"' in text for key in envelope):
        return [text]
    members = list(_members(text))
    held = [parts for key, parts in members if key in envelope and parts is not None]
    # What has an identity is a payload itself, and the list a part of it.
    is_payload = not held or any(key == "id" for key, _ in members)
    return [text] if is_payload else [one for parts in held for one in parts]


def _members(text: str) -> Iterator[tuple[str, list[str] | None]]:
    """Find the members of an object: of an array its elements."""
    at = _expect(text, _skip(text, 0), "{")
    more = not text.startswith("}", at)
    while more:
        key, at = _DECODER.raw_decode(text, at)
        at = _expect(text, _skip(text, at), ":")
        if text.startswith("[", at):
            parts, at = _elements(text, at)
            yield str(key), parts
        else:
            yield str(key), None
            at = _end(text, at)
        at = _skip(text, at)
        more = not text.startswith("}", at)
        at = _expect(text, at, ",") if more else at
    if text[at + 1 :].strip():
        raise json.JSONDecodeError("Extra data", text, at + 1)


def _elements(text: str, start: int) -> tuple[list[str], int]:
    """Cut the elements out of the array that begins at `start`; also say where it ends."""
    found, at = [], _skip(text, start + 1)
    more = not text.startswith("]", at)
    while more:
        end = _end(text, at)
        found.append(text[at:end])
        at = _skip(text, end)
        more = not text.startswith("]", at)
        at = _expect(text, at, ",") if more else at
    return found, at + 1


def _end(text: str, start: int) -> int:
    return _DECODER.raw_decode(text, start)[1]


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return at if found is None else found.end()


def _expect(text: str, at: int, sign: str) -> int:
    if not text.startswith(sign, at):
        raise json.JSONDecodeError(f"Expecting '{sign}'", text, at)
    return _skip(text, at + 1)
