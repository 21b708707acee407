"""What the database says when a disk, a file or the memory fails, and what the reader can do about it."""

from __future__ import annotations

import re

from alert_analytics.errors import QueryError

_HINTS = {
    r"Corrupt|checksum|Could not read enough bytes|Could not read all bytes|deserializ|not a valid DuckDB": (
        "the file is damaged or was cut short; put a backup of it in its place."
    ),
    r"No space left|File too large|Could not write|disk quota|max_temp_directory_size|Failed to offload": (
        "the disk is full: make room on it and do the same again."
    ),
    r"Out of Memory|failed to allocate|could not allocate": (
        "raise ALERT_MEMORY_LIMIT (such as 4GB), or unset it; ALERT_BATCH_SIZE and smaller files take less."
    ),
    r"has been invalidated": "close() the store and open it again: it is as it was before what failed.",
    r"read-only|Permission denied": "give this user the right to write to the file and its folder.",
    r"No files found|No such file|Cannot open file": "the file has gone since it was opened; open the history again.",
}


def hint_for(said: str) -> str | None:
    """Say what can be done about an error of the database.

    Parameters
    ----------
    said : str
        The error's text.

    Returns
    -------
    str or None
        None where nothing general is known.
    """
    return next((hint for pattern, hint in _HINTS.items() if re.search(pattern, said, re.IGNORECASE)), None)


def failure(where: str, error: Exception) -> QueryError:
    """Make the library's error of one of the database's.

    Parameters
    ----------
    where : str
        What was done, on which file.
    error : duckdb.Error
        What the database raised.

    Returns
    -------
    QueryError
        The first line of the error, and a hint.
    """
    return QueryError(f"{where}: {str(error).splitlines()[0]}", hint=hint_for(str(error)))
