"""Where a registry is, and which version in it is meant: addresses, read without MLflow."""

from __future__ import annotations

import re
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

from alert_analytics.errors import RegistryError
from alert_analytics.settings import Settings

_DEFAULT_DATABASE = "mlflow.db"
_ARTIFACTS = "mlartifacts"
_SQLITE = "sqlite:///"
WAIT_S = 10.0  # for another process that writes to the database
_LOOK_AGAIN_S = 0.3
_MLFLOW_BEGINS_WITH = {"alembic_version", "experiments"}
_REGISTRY = "registered_models"
_PLACES = (
    "http://HOST:PORT of a tracking server, or sqlite:///mlflow.db; set as tracking_uri=, as MLFLOW_TRACKING_URI, or "
    "in alert-analytics.toml."
)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_ALIAS = re.compile(r"[A-Za-z0-9_-]*[A-Za-z_-][A-Za-z0-9_-]*")
_RESERVED = re.compile(r"v\d+|latest", re.IGNORECASE)
_LONGEST = 200
_BY_ALIAS = re.compile(r"models:/(?P<name>[^/:@]+)@(?P<alias>[\w-]+)")
_BY_NUMBER = re.compile(r"models:/(?P<name>[^/:]+)/(?P<version>\d+)", re.ASCII)


@dataclass(frozen=True)
class ModelAddress:
    """A model in a registry: by its alias or by its number, one of them None."""

    name: str
    alias: str | None
    version: int | None

    @classmethod
    def parse(cls, uri: str) -> ModelAddress:
        """Read ``models:/NAME@ALIAS`` or ``models:/NAME/VERSION``.

        Raises
        ------
        RegistryError
            It is neither.
        """
        if found := _BY_ALIAS.fullmatch(uri):
            return cls(found["name"], found["alias"], None)
        if found := _BY_NUMBER.fullmatch(uri):
            return cls(found["name"], None, int(found["version"]))
        raise RegistryError(
            f"{uri!r} is no address of a model; expected models:/NAME@ALIAS or models:/NAME/VERSION, VERSION a number.",
            hint="such as models:/alert-volume@champion or models:/alert-volume/3.",
        )


def check_name(name: str) -> None:
    """Refuse a name that could not stand in an address, in MLflow or as a folder.

    Raises
    ------
    RegistryError
        It is empty, too long, or has other characters than letters, digits, ``-`` and ``_``.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name) or len(name) > _LONGEST:
        raise RegistryError(
            f"name={name!r}; expected up to {_LONGEST} letters (a-z, A-Z), digits, - and _, a letter or digit first.",
            hint='name="alert-volume".',
        )


def check_alias(alias: str | None) -> None:
    """Refuse an alias that MLflow keeps for itself, or that could not stand in an address.

    Raises
    ------
    RegistryError
        It is empty, too long, reserved, a mere number, or has other characters than letters, digits, ``-`` and ``_``.
    """
    if alias is None:
        return
    if not isinstance(alias, str) or not _ALIAS.fullmatch(alias) or len(alias) > _LONGEST:
        raise RegistryError(
            f"alias={alias!r}; expected up to {_LONGEST} letters (a-z, A-Z), digits, - and _, not digits alone.",
            hint='alias="challenger".',
        )
    if _RESERVED.fullmatch(alias):
        raise RegistryError(
            f"alias={alias!r} is reserved by MLflow, which takes `latest` and v with a number for versions.",
            hint='alias="challenger"; a version itself is models:/NAME/3.',
        )


def resolved(tracking_uri: str | None) -> str:
    """Find which registry is meant: as given, else as set, else ``mlflow.db`` in the working directory.

    Parameters
    ----------
    tracking_uri : str or None
        What the caller gave.

    Returns
    -------
    str
        An address that MLflow takes; that of a SQLite file is absolute.

    Raises
    ------
    RegistryError
        It is no address, or a kind of store that MLflow no longer has.
    """
    uri = str(tracking_uri or Settings.load().tracking_uri or f"{_SQLITE}{_DEFAULT_DATABASE}")
    if uri.startswith(_SQLITE) and ":memory:" not in uri:
        path, mark, query = uri.removeprefix(_SQLITE).partition("?")
        if path:
            return f"{_SQLITE}{Path(path).absolute().as_posix()}{mark}{query}"
    known = "://" in uri and not uri.startswith(("file:", "sqlite"))
    if known or uri == "databricks":
        return uri
    raise RegistryError(f"{shown(uri)!r} is no address of a registry.", hint=f"expected {_PLACES}")


def shown(uri: str) -> str:
    """Write an address without the password in it."""
    parts = urlsplit(uri)
    if parts.password is None:
        return uri
    _, _, host = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{parts.username}:***@{host}").geturl()


def is_server(uri: str) -> bool:
    """Whether a tracking server stands between, which knows where files belong."""
    return uri.startswith(("http://", "https://", "databricks"))


def artifact_place(uri: str) -> str | None:
    """Where a SQLite registry keeps its files: a folder beside it, as a ``file:`` address; None for any other."""
    database = database_of(uri)
    return None if database is None else (database.parent / _ARTIFACTS).as_uri()


def check_database(uri: str, *, create: bool) -> None:
    """Look at the SQLite file of an address before MLflow does, which would make one, or retry for minutes.

    Parameters
    ----------
    uri : str
        As :func:`resolved` gives it; other addresses than those of SQLite files pass.
    create : bool
        Whether an absent or empty file is fine. Otherwise nothing is written.

    Raises
    ------
    RegistryError
        There is no such file or it is empty, it is no registry, or it cannot be written.
    """
    database = database_of(uri)
    if database is None:
        return
    if not create and (not database.is_file() or not database.stat().st_size):
        raise RegistryError(
            f"There is no registry at {database}.",
            hint=f"aa.registry.register(model, name=...) makes one; another is at {_PLACES}",
        )
    try:
        if create:
            database.parent.mkdir(parents=True, exist_ok=True)
        mode = "rwc" if create else "ro"
        where = f"file:{quote(database.as_posix())}?mode={mode}"
        with closing(sqlite3.connect(where, uri=True, timeout=WAIT_S)) as connection:
            if create:
                connection.execute("BEGIN IMMEDIATE")  # fails at once where it cannot be written
                connection.rollback()
            tables = _tables_once_made(connection)
    except (OSError, sqlite3.Error) as error:
        raise RegistryError(
            f"{database}: cannot be {'written' if create else 'read'} as a registry ({error}).",
            hint=f"expected {_PLACES}",
        ) from error
    if _REGISTRY not in tables and (tables or not create):
        raise RegistryError(
            f"{database}: a SQLite file, but no registry (its tables: {', '.join(sorted(tables)[:4]) or 'none'}).",
            hint=f"expected {_PLACES}",
        )


def table_names(connection: sqlite3.Connection) -> set[str]:
    """The tables of a SQLite file."""
    return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def _tables_once_made(connection: sqlite3.Connection) -> set[str]:
    """The tables; where MLflow is just making them (a server that starts, say), once no more are added."""
    patience_ends = time.monotonic() + WAIT_S
    before, now = (-1, set[str]()), _look(connection)
    is_begun = bool(_MLFLOW_BEGINS_WITH & now[1]) and _REGISTRY not in now[1]
    while is_begun and (_REGISTRY not in now[1] or now != before) and time.monotonic() < patience_ends:
        time.sleep(_LOOK_AGAIN_S)
        before, now = now, _look(connection)
    return now[1]


def _look(connection: sqlite3.Connection) -> tuple[int, set[str]]:
    """How often the tables of a SQLite file were changed, and which there are."""
    return int(connection.execute("PRAGMA schema_version").fetchone()[0]), table_names(connection)


def database_of(uri: str) -> Path | None:
    """The SQLite file of an address; None for any other."""
    if not uri.startswith(_SQLITE):
        return None
    return Path(uri.removeprefix(_SQLITE).partition("?")[0])
