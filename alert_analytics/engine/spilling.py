"""Where a database puts what does not fit into memory, and how what a killed process left there goes.

What is spilled are rows of alerts, so it lies where only its owner can read it: beside a store's file, with that file's
access, or in a private folder of the process. A process that ends takes its own away; what a killed one left is removed
by whoever opens the store next, or by the next process.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import stat
import sys
import tempfile
from functools import lru_cache
from pathlib import Path

_PREFIX = "alert-analytics-spill-"
_LOCK = "lock"
_SPILLED = "duckdb_temp_*"


def beside(store: Path) -> Path:
    """Name the folder in which a store's writer spills: on the disk that the store is on, which has room for it.

    Parameters
    ----------
    store : Path
        The store's file.
    """
    return store.with_name(f"{store.name}.tmp")


def clear(folder: Path) -> None:
    """Remove what a killed process spilled into a folder, and nothing else.

    Parameters
    ----------
    folder : Path
        A folder that no living process spills into: the caller holds the lock of the store that it lies beside.
    """
    with contextlib.suppress(OSError):  # no folder, or none of ours to write: nothing to clear
        for one in folder.glob(_SPILLED):
            if not one.name.startswith(f"duckdb_temp_{os.getpid()}_"):  # ours, since the store was attached
                one.unlink()
        folder.rmdir()


def private() -> str:
    """Name the folder of this process for everything that lies in no store; empty where none can be made.

    Returns
    -------
    str
        A folder that only this user can read; it is gone when the process ends.
    """
    return _private(os.getpid())


@lru_cache(maxsize=1)
def _private(pid: int) -> str:
    """One folder a process: a forked child gets its own."""
    try:
        _clear_dead(Path(tempfile.gettempdir()))
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
        while not _held(folder / _LOCK, create=True):  # another process took it for a dead one's, just now
            folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    except OSError:
        return ""
    atexit.register(_remove, folder, pid)
    return str(folder)


def _remove(folder: Path, pid: int) -> None:
    if os.getpid() == pid:
        shutil.rmtree(folder, ignore_errors=True)


def _clear_dead(where: Path) -> None:
    """Remove this user's folders whose process has ended without removing them: nobody holds their lock."""
    if sys.platform == "win32":
        return
    for folder in where.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            found = folder.lstat()
            if stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and _held(folder / _LOCK, create=False):
                shutil.rmtree(folder, ignore_errors=True)


def _held(lock: Path, *, create: bool) -> bool:
    """Take a lock that ends with the process, however it ends; False where another process has it."""
    if sys.platform == "win32":
        return True
    import fcntl

    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | (os.O_CREAT if create else 0)
    handle = os.open(lock, flags, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return False
    if not create:
        os.close(handle)
    return True
