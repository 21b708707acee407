"""Payloads from anything that holds them: every form gives the same, and what is broken is said, never skipped."""

from __future__ import annotations

import gzip
import io
import json
import os
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pydantic import BaseModel

from alert_analytics.errors import SourceError, SourceNotFoundError
from alert_analytics.sources.documents import Document, documents
from alert_analytics.sources.splitting import payloads_in, values_in

PAYLOADS = [{"id": number, "text": f"é {number}"} for number in range(5)]
LINES = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in PAYLOADS).encode()


def zstd(raw: bytes) -> bytes:
    return pa.compress(raw, "zstd", asbytes=True)


def parsed(data: Any, *envelope: str) -> list[Any]:
    return [json.loads(one.text) for one in documents(data, envelope)]


@pytest.fixture
def write(tmp_path: Path) -> Callable[[bytes], Path]:
    def written(raw: bytes, name: str = "payloads.bin") -> Path:
        (tmp_path / name).write_bytes(raw)
        return tmp_path / name

    return written


FORMS = {
    "lines": LINES,
    "lines without a last break": LINES.rstrip(b"\n"),
    "lines with CRLF": LINES.replace(b"\n", b"\r\n"),
    "lines with a byte order mark": b"\xef\xbb\xbf" + LINES,
    "lines with empty ones": b"\n \r\n" + LINES.replace(b"\n", b"\n\n"),
    "array": json.dumps(PAYLOADS).encode(),
    "array over several lines": json.dumps(PAYLOADS, indent=2).encode(),
    "array with a payload a line": b"[\n" + LINES.rstrip(b"\n").replace(b"\n", b",\n") + b"\n]\n",
    "objects over several lines": "\n".join(json.dumps(one, indent=2) for one in PAYLOADS).encode(),
    "arrays a line": json.dumps(PAYLOADS[:2]).encode() + b"\n" + json.dumps(PAYLOADS[2:]).encode() + b"\n",
    "array with a byte order mark": b"\xef\xbb\xbf" + json.dumps(PAYLOADS).encode(),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstd], ids=["plain", "gzip", "zstd"])
def test_every_form_gives_the_same(form: str, pack: Callable[[bytes], bytes], write: Callable[[bytes], Path]) -> None:
    path = write(pack(FORMS[form]))
    assert parsed(path) == PAYLOADS
    assert parsed(str(path)) == PAYLOADS
    with path.open("rb") as file:
        assert parsed(file) == PAYLOADS
        assert not file.closed
    assert parsed(io.BytesIO(pack(FORMS[form]))) == PAYLOADS


def test_a_text_file_and_python_objects_give_the_same(write: Callable[[bytes], Path]) -> None:
    with write(LINES).open(encoding="utf-8") as file:
        assert parsed(file) == PAYLOADS
    assert parsed(io.StringIO(LINES.decode())) == PAYLOADS
    assert parsed(PAYLOADS) == parsed(iter(PAYLOADS)) == PAYLOADS
    assert parsed(MappingProxyType(PAYLOADS[0])) == PAYLOADS[:1]
    assert parsed(LINES.decode().splitlines()) == parsed(LINES.splitlines()) == PAYLOADS
    assert parsed([bytearray(LINES.splitlines()[0]), memoryview(LINES.splitlines()[1])]) == PAYLOADS[:2]


def test_a_dataframe_is_a_payload_a_row() -> None:
    for frame in (pl.DataFrame(PAYLOADS), pd.DataFrame(PAYLOADS), pa.Table.from_pylist(PAYLOADS)):
        assert parsed(frame) == PAYLOADS
    texts = LINES.decode().splitlines()
    assert parsed(pl.Series(texts)) == parsed(pd.Series(texts)) == PAYLOADS


def test_what_a_dataframe_fills_with_nulls_is_not_in_the_payload() -> None:
    frame = pl.DataFrame([{"id": 1, "labels": {"a": "x"}, "all": [{"k": 1}]}, {"labels": {"b": "y"}}], strict=False)
    assert parsed(frame) == [{"id": 1, "labels": {"a": "x"}, "all": [{"k": 1}]}, {"labels": {"b": "y"}}]


def test_times_in_python_objects_are_written_in_iso_and_models_as_they_say() -> None:
    class Told(BaseModel):
        at: datetime

    at = datetime(2026, 3, 2, 10, tzinfo=UTC)
    assert parsed([{"at": at, "other": MappingProxyType({"a": Path("b")})}]) == [
        {"at": "2026-03-02T10:00:00+00:00", "other": {"a": "b"}}
    ]
    assert parsed(Told(at=at)) == parsed([Told(at=at)]) == [{"at": "2026-03-02T10:00:00Z"}]


def test_lines_count_on_over_the_files_of_a_glob(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b"\n" + LINES)
    (tmp_path / "b.json.gz").write_bytes(gzip.compress(b"\n" + LINES, mtime=0))
    (tmp_path / "c.json").write_text(json.dumps(PAYLOADS[:2]))
    found = list(documents(str(tmp_path / "*.json*")))
    assert [one.line for one in found] == [2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14]
    assert [json.loads(one.text) for one in found] == [*PAYLOADS, *PAYLOADS, *PAYLOADS[:2]]


def test_an_envelope_is_opened_wherever_it_stands(write: Callable[[bytes], Path]) -> None:
    page = json.dumps({"more": False, "n": 10**400, "items": PAYLOADS, "next": {"items": "none"}})
    for raw in (page, f"[{page}]", json.dumps(json.loads(page, parse_int=float), indent=1)):
        assert [one["id"] for one in parsed(write(raw.encode()), "items")] == [0, 1, 2, 3, 4]
    assert [one.line for one in documents([page, page], ["items"])] == list(range(1, 11))
    assert parsed([{"items": []}], "items") == []
    assert parsed([{"items": {"id": 1}}], "items") == [{"items": {"id": 1}}]  # not a list: a payload like any other
    assert payloads_in('{"items": [{"a": 1}', ["items"]) == ['{"items": [{"a": 1}']
    for odd in ('{"items": [1] "b": 2}', '{"items": [1]} {"items": [2]}', "[1] [2]", "[1]]", '{"items": [1,]}'):
        assert payloads_in(odd, ["items"]) == [odd]


def test_payloads_keep_the_text_that_they_came_in() -> None:
    text = '{"id":  1.0,\t"big": 123456789012345678901234567890, "é": "\\u00e9"}'
    assert [one.text for one in documents([f" [ {text} , {text} ] "])] == [text, text]
    assert [one.text for one in documents(io.StringIO(f"\n {text} \r\n{text}\t\n"))] == [text, text]


def test_a_broken_line_among_good_ones_is_handed_on(write: Callable[[bytes], Path]) -> None:
    first = LINES.splitlines(keepends=True)[0]
    for broken in (b'{"id": 1, "text', b"garbage", b'{"a": "\xff"}'):
        for raw in (broken + b"\n" + LINES, first + broken + b"\n" + LINES):
            found = list(documents(write(raw)))
            assert [one.line for one in found] == list(range(1, len(found) + 1))
            texts = [one.text.strip() for one in found]
            assert len(texts) == len(raw.splitlines())
            assert broken.decode(errors="backslashreplace") in texts


def test_what_is_no_utf_8_is_named_with_its_byte() -> None:
    assert list(documents([b'{"a": "\xff"}'])) == [Document(1, '{"a": "\\xff"}', "no UTF-8: byte 0xff at place 7")]
    [one] = documents(['{"a": "\ud800"}'])
    assert one.reason == "no UTF-8: byte 0xed at place 7"


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "the file is empty"),
        (b" \n\r\n", "the file is empty"),
        (b"\xef\xbb\xbf", "the file is empty"),
        (gzip.compress(b"", mtime=0), "the file is empty"),
        (b"a,b\n1,2\n", "is no JSON"),
        (b"7\n8\n", "is no JSON"),
        (b'{"a": 1,\n"b": ', "is no JSON"),
        (b'[\n{"a": 1},\n{"a": 2}', "is no JSON"),
        (b"\x00\x01\x02\xff", "is no JSON .no UTF-8: byte 0xff at place 3"),
        (b"[" * 100_000, "is no JSON"),
        ('{"a": 1}'.encode("utf-16"), "is UTF-16, expected UTF-8"),
        (gzip.compress(LINES * 100, mtime=0)[:-9], "the gzip file is cut off or damaged"),
        (gzip.compress(LINES, mtime=0)[:12], "the gzip file is cut off or damaged"),
        (gzip.compress(LINES, mtime=0)[:-8] + b"12345678", "the gzip file is cut off or damaged"),
        (gzip.compress(LINES, mtime=0) + b"trash", "the gzip file is cut off or damaged"),
        (zstd(LINES)[:-3], "the zstd file is cut off or damaged"),
        (zstd(LINES)[:-3] + b"xyz", "the zstd file is cut off or damaged"),
    ],
)
def test_a_file_that_is_no_payloads_is_a_clear_error(raw: bytes, said: str, write: Callable[[bytes], Path]) -> None:
    path = write(raw)
    with pytest.raises(SourceError, match=f"{path.name}.*{said}.*Hint: "):
        list(documents(path))


def test_what_holds_no_payloads_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(SourceNotFoundError, match="no such file"):
        list(documents(tmp_path / "none.json"))
    with pytest.raises(SourceError, match="a folder"):
        list(documents(tmp_path))
    with pytest.raises(SourceError, match=r"A path begins with a bracket.*in a list"):
        list(documents('{"a": 1}'))
    for nothing in (3, None, b"{}"):
        with pytest.raises(SourceError, match=f"A {type(nothing).__name__} holds no payloads"):
            list(documents(nothing))
    with pytest.raises(SourceError, match="Item 2 is a int, expected a payload"):
        list(documents([{}, 3]))


def test_objects_that_json_cannot_write_are_refused_one_by_one() -> None:
    circle: dict[str, Any] = {}
    circle["a"] = circle
    deep: dict[str, Any] = {}
    for _ in range(100_000):
        deep = {"a": deep}
    found = list(documents([circle, deep, {(1, 2): 3}, {"a": 1}]))
    assert [bool(one.reason) for one in found] == [True, True, True, False]
    assert all(one.reason is None or one.reason.startswith("cannot be written as JSON: ") for one in found)


def test_a_file_that_is_changed_while_it_is_read_is_refused(write: Callable[[bytes], Path]) -> None:
    path = write(LINES * 50_000)

    def cut(size: int) -> None:
        os.truncate(path, size)

    def append(_: int) -> None:
        with path.open("ab") as file:
            file.write(LINES)

    for change in (cut, append):
        path = write(LINES * 50_000)
        reading = documents(path)
        next(reading)
        change(len(LINES) * 25_000)
        with pytest.raises(SourceError, match=r"changed while it was read.*Hint: copy it first"):
            list(reading)


def test_a_file_that_is_replaced_while_it_is_read_gives_the_old_content(write: Callable[..., Path]) -> None:
    path, other = write(LINES * 50_000), write(b'{"id": "other"}', "other.json")
    reading = documents(path)
    next(reading)
    other.replace(path)
    assert sum(1 for _ in reading) == len(PAYLOADS) * 50_000 - 1
    assert parsed(path) == [{"id": "other"}]


def test_a_pipe_is_read_to_its_end(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(gzip.compress(LINES, mtime=0),))
    writer.start()
    assert parsed(pipe) == PAYLOADS
    writer.join()


def test_json_lines_are_read_one_at_a_time() -> None:
    taken = 0

    def pieces() -> Iterator[bytes]:
        nonlocal taken
        for _ in range(100_000):
            taken += len(LINES)
            yield LINES

    class File:
        def __init__(self) -> None:
            self.pieces = pieces()

        def read(self, size: int) -> bytes:
            return next(self.pieces, b"")

    reading = documents(File())
    for _ in range(10):
        next(reading)
    assert taken < 100 * len(LINES)


def test_values_follow_one_another_with_blanks_alone_between() -> None:
    assert values_in(' {"a": 1}\n[2] "x" 3') == ['{"a": 1}', "[2]", '"x"', "3"]
    with pytest.raises(ValueError, match="Expecting value"):
        values_in('{"a": 1}, {"b": 2}')
