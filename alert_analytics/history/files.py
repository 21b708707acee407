"""The files that an input names: which they are, whether they can be read, and whether they stayed as they were."""

from __future__ import annotations

import glob
import os
from pathlib import Path
from typing import Any

from alert_analytics.errors import SourceError, SourceNotFoundError


def named(data: Any) -> str:
    """What to call an input in a message: its path, or what kind of thing it is."""
    name = data if isinstance(data, (str, Path)) else getattr(data, "name", None)
    return str(name) if isinstance(name, (str, Path)) else f"The {type(data).__name__}"


def unreadable(path: str | Path, error: OSError) -> SourceError:
    """Say that a file is there and cannot be opened."""
    return SourceError(
        f"{path}: cannot be read ({error.strerror or error}).", hint="give this user the right to read it."
    )


class Files:
    """The files of an input, as they were before it was read.

    Parameters
    ----------
    data : object
        What is going to be read; what is no path, glob or open file has no files.
    """

    def __init__(self, data: Any) -> None:
        self._data = data
        self._before = self._seen()

    def check(self) -> None:
        """Refuse an input of which only a part may have been read, or parts of two.

        Raises
        ------
        SourceError
            A file was replaced, appended to, shortened, removed or added since.
        """
        after = self._seen()
        if after == self._before:
            return
        changed = [name for name in self._before | after if self._before.get(name) != after.get(name)]
        raise SourceError(
            f"{changed[0]}: the file changed while it was read; nothing of it was stored.",
            hint="ingest it again when whoever writes it is done, best under a name that it gets last.",
        )

    def _seen(self) -> dict[str, tuple[int, ...]]:
        data = self._data
        if isinstance(data, (str, Path)):
            paths = [str(data)] if os.path.exists(data) else sorted(glob.glob(str(data)))
            return {path: _stamp(os.stat(path)) for path in paths if os.path.exists(path)}
        try:
            return {str(data.name): _stamp(os.fstat(data.fileno()))}
        except (AttributeError, OSError, ValueError):  # no open file of this machine
            return {}


def _stamp(found: os.stat_result) -> tuple[int, ...]:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def paths_of(path: str) -> list[str]:
    """The files that a path or glob names, in order.

    Raises
    ------
    SourceNotFoundError
        There is none.
    SourceError
        One is a folder, or empty.
    """
    paths = [path] if Path(path).exists() else sorted(glob.glob(path))
    if not paths:
        raise SourceNotFoundError(f"{path}: no such file.", hint="give a path, or a glob in quotes, that names one.")
    for one in map(Path, paths):
        if one.is_dir():
            raise SourceError(
                f"{one}: a folder; expected a file.", hint=f"name its files with a glob: '{one}/*.parquet'."
            )
        if not one.is_file():  # a pipe has no size, and opening it would take what is in it
            continue
        try:
            one.open("rb").close()
        except OSError as error:
            raise unreadable(one, error) from error
        if one.stat().st_size == 0:
            raise SourceError(f"{one}: the file is empty.", hint="export it again.")
    return paths


def table_paths(path: str) -> list[str]:
    """Files that the database can read as tables: of one kind, and more than once."""
    paths = paths_of(path)
    for one in paths:
        if not Path(one).is_file():
            raise SourceError(
                f"{one}: no regular file but a pipe or device; expected one that can be read more than once.",
                hint="write what comes to a file first.",
            )
    if 0 < (n_parquet := sum(is_parquet_path(one) for one in paths)) < len(paths):
        raise SourceError(
            f"{path}: names {n_parquet} Parquet files and {len(paths) - n_parquet} others; expected one kind.",
            hint="ingest them one kind after the other.",
        )
    return paths


def is_parquet(data: Any) -> bool:
    """Whether `data` is a path or glob of Parquet files alone."""
    if not isinstance(data, (str, Path)):
        return False
    return all(map(is_parquet_path, paths_of(str(data))))


def is_parquet_path(path: str) -> bool:
    """Whether a file is called as Parquet files are."""
    return Path(path).suffix.lower() in {".parquet", ".pq"}
