"""The payloads in a file, a stream, Python objects or a dataframe: one JSON text each, with its place in the input."""

from __future__ import annotations

import gzip
import io
import json
import os
import stat
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

import pyarrow as pa
from pydantic import BaseModel

from alert_analytics.errors import SourceError
from alert_analytics.history.files import named, paths_of
from alert_analytics.sources.splitting import is_whole, payloads_in, values_in

_GZIP, _ZSTD, _BOM = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xef\xbb\xbf"
_BLANKS = " \t\r\n"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_DAMAGE = (OSError, EOFError, zlib.error, pa.ArrowException)


class Document(NamedTuple):
    """One payload as text.

    Attributes
    ----------
    line : int
        Its place in the input, from 1: of JSON lines the line, of an array the element; over several files the count
        goes on.
    text : str
        The payload as it is written; what is not UTF-8 in it is escaped.
    reason : str or None
        Why it cannot be read at all.
    """

    line: int
    text: str
    reason: str | None = None


def documents(data: Any, envelope: Sequence[str] = ()) -> Iterator[Document]:
    """Read payloads, one after the other.

    Of JSON lines only one is in memory at a time; an array or an envelope in one piece is read whole.

    Parameters
    ----------
    data : str, Path, file object, mapping, iterable, or dataframe that speaks Arrow
        A path or glob; an open file, text or binary, also a pipe; one payload; payloads as mappings, pydantic models or
        JSON text; a dataframe with a payload a row, or a column of JSON texts. Files hold a JSON object, an array, or
        JSON lines; plain, gzip or zstd, told by their first bytes.
    envelope : sequence of str
        Keys under which an object holds a list of payloads.

    Yields
    ------
    Document
        In the order of the input.

    Raises
    ------
    SourceError
        A file is empty, damaged, cut off, no JSON at all, or changes while it is read; or `data` is none of these.
    """
    place = base = 0
    for source in _inputs(data):
        for line, text, reason in source:
            text = text.strip(_BLANKS)  # the same payload is the same text wherever it comes from
            for one in [text] if reason else payloads_in(text, envelope):
                place = max(place + 1, base + line)
                yield Document(place, one, reason)
        base = place


def _inputs(data: Any) -> Iterator[Iterator[Document]]:
    if isinstance(data, (str, Path)):
        if str(data).lstrip().startswith(("{", "[")):
            raise SourceError("A path begins with a bracket.", hint="hand over JSON text in a list: [text].")
        yield from map(_file, paths_of(str(data)))
    elif hasattr(data, "read"):
        yield _stream(named(data), io.BufferedReader(_Pieces(data.read)))
    elif isinstance(data, (Mapping, BaseModel)):
        yield _objects([data])
    elif hasattr(data, "__arrow_c_stream__"):
        yield _objects(map(_without_nulls, _rows(data)))
    elif isinstance(data, Iterable) and not isinstance(data, (bytes, bytearray)):
        yield _objects(data)
    else:
        raise SourceError(
            f"A {type(data).__name__} holds no payloads.",
            hint="give a path, an open file, a list of payloads (mappings or JSON text), or a dataframe.",
        )


def _file(path: str) -> Iterator[Document]:
    """Read a file, and see that it was the same from beginning to end."""
    try:
        with Path(path).open("rb") as file:
            before = os.fstat(file.fileno())
            yield from _stream(path, file)
            after = os.fstat(file.fileno())
    except OSError as error:
        raise SourceError(f"{path}: cannot be opened ({error.strerror}).") from error
    if stat.S_ISREG(before.st_mode) and (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise SourceError(
            f"{path}: changed while it was read ({before.st_size:,} bytes before, {after.st_size:,} after).",
            hint="copy it first, or read it again when its writer has finished.",
        )


class _Pieces(io.RawIOBase):
    """What a function hands out piece by piece, text or bytes, as a binary stream."""

    def __init__(self, read: Callable[[int], str | bytes | None], first: bytes = b"") -> None:
        self._read, self._rest = read, first

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            piece = self._read(len(buffer)) or b""
            self._rest = piece.encode("utf-8", "surrogatepass") if isinstance(piece, str) else piece
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size


def _stream(name: str, file: IO[bytes]) -> Iterator[Document]:
    head = file.read(len(_ZSTD))
    whole: IO[bytes] = io.BufferedReader(_Pieces(file.read, head))
    how = "file"
    if head.startswith(_GZIP):
        how, whole = "gzip file", io.BufferedReader(gzip.GzipFile(fileobj=whole))
    elif head.startswith(_ZSTD):
        packed = pa.CompressedInputStream(pa.PythonFile(whole, mode="r"), "zstd")
        how, whole = "zstd file", io.BufferedReader(_Pieces(packed.read))
    return _parted(name, _lines(name, how, whole))


def _lines(name: str, how: str, file: IO[bytes]) -> Iterator[bytes]:
    try:
        yield from file
    except _DAMAGE as error:
        raise SourceError(
            f"{name}: the {how} is cut off or damaged ({str(error).splitlines()[0]}).",
            hint="fetch it again; nothing of it was used.",
        ) from error


def _parted(name: str, lines: Iterator[bytes]) -> Iterator[Document]:
    """Tell JSON lines, of which the first is whole, from values that go over several lines."""
    numbered = enumerate(lines, start=1)
    number, first = next(((n, line) for n, line in numbered if line.strip()), (0, b""))
    if first.startswith(_UTF16):
        raise SourceError(f"{name} is UTF-16, expected UTF-8.", hint="convert it: iconv -f utf-16 -t utf-8.")
    first = first.removeprefix(_BOM)
    if not first.strip():
        raise SourceError(f"{name}: the file is empty.", hint="export it again.")
    begun = _document(number, first)
    if is_whole(begun.text):
        yield begun
        yield from (_document(n, line) for n, line in numbered if not line.isspace())
        return
    rest = [first, *(line for _, line in numbered)]
    whole = _document(number, b"".join(rest))
    try:
        values = values_in(whole.text)
        said = "a number or a text"
    except (ValueError, RecursionError) as error:
        values, said = [], whole.reason or str(error)
    if values and values[0].startswith(("{", "[")):
        yield from (Document(place, text, whole.reason) for place, text in enumerate(values, start=1))
        return
    each = [_document(n, line) for n, line in enumerate(rest, start=number) if line.strip()]
    # The last line of an array that breaks off may look whole by itself.
    if begun.text.lstrip().startswith("[") or not any(is_whole(one.text) for one in each):
        raise SourceError(
            f"{name} is no JSON ({said}).",
            hint="expected an object, an array, or an object a line; `alert-analytics inspect FILE` looks at tables.",
        )
    yield from each


def _document(line: int, raw: bytes) -> Document:
    try:
        return Document(line, raw.decode())
    except UnicodeDecodeError as error:
        reason = f"no UTF-8: byte 0x{raw[error.start]:02x} at place {error.start}"
        return Document(line, raw.decode(errors="backslashreplace"), reason)


def _objects(given: Iterable[Any]) -> Iterator[Document]:
    for place, one in enumerate(given, start=1):
        if isinstance(one, str):
            yield _document(place, one.encode("utf-8", "surrogatepass"))
        elif isinstance(one, (bytes, bytearray, memoryview)):
            yield _document(place, bytes(one).removeprefix(_BOM))
        elif isinstance(one, BaseModel):
            yield Document(place, one.model_dump_json())
        elif isinstance(one, Mapping):
            yield _written(place, one)
        else:
            raise SourceError(
                f"Item {place} is a {type(one).__name__}, expected a payload.",
                hint="a payload is a mapping or JSON text.",
            )


def _written(place: int, payload: Mapping[Any, Any]) -> Document:
    """Write a mapping as JSON; times in ISO 8601, whatever else JSON does not know as text."""
    try:
        text = json.dumps(payload if isinstance(payload, dict) else dict(payload), ensure_ascii=False, default=_plain)
    except (TypeError, ValueError, RecursionError) as error:
        return Document(place, f"a {type(payload).__name__}", f"cannot be written as JSON: {error}")
    return _document(place, text.encode("utf-8", "surrogatepass"))


def _plain(value: Any) -> Any:
    return (
        dict(value) if isinstance(value, Mapping) else value.isoformat() if hasattr(value, "isoformat") else str(value)
    )


def _rows(data: Any) -> Iterator[Any]:
    for chunk in pa.chunked_array(data).chunks:
        for start in range(0, len(chunk), 1000):  # not all rows as Python objects at once
            yield from chunk.slice(start, 1000).to_pylist(maps_as_pydicts="strict")


def _without_nulls(value: Any) -> Any:
    """What a table has to fill with nulls, because other rows have it, a payload does not have."""
    if isinstance(value, dict):
        return {key: _without_nulls(one) for key, one in value.items() if one is not None}
    return [_without_nulls(one) for one in value] if isinstance(value, list) else value
