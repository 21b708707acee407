"""The only reader of the environment, and of one TOML file behind it; the environment wins.

``ALERT_ANALYTICS_SETTINGS`` names the file (default ``alert-analytics.toml`` in the working directory, if there).
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from alert_analytics.errors import SettingsError

_FILE = "alert-analytics.toml"
_TRACKING = "MLFLOW_TRACKING_URI"
_RETENTION = "ALERT_MAX_RETENTION_DAYS"
_KEY = "ALERT_PSEUDONYM_KEY"
_KEY_LENGTH = 16
_MEMORY = "ALERT_MEMORY_LIMIT"
_SIZE = r"\d+(\.\d+)?\s*([kmgt]i?)?b"


@dataclass(frozen=True)
class Settings:
    """What an installation may set once for all analyses.

    Attributes
    ----------
    correlation_window_s : int
        ``ALERT_CORRELATION_WINDOW``: how long after a leader a follower counts, in seconds.
    batch_size : int
        ``ALERT_BATCH_SIZE``: how many payloads are validated and staged at a time, which bounds memory.
    tracking_uri : str or None
        ``MLFLOW_TRACKING_URI``: where the model registry is; None for ``mlflow.db`` in the working directory.
    max_retention_days : int
        ``ALERT_MAX_RETENTION_DAYS``: how long an alert is kept after its end where retention is enforced.
    pseudonym_key : bytes or None
        ``ALERT_PSEUDONYM_KEY``, from the environment only: what pseudonyms are made with.
    memory_limit : str or None
        ``ALERT_MEMORY_LIMIT``: how much memory the database may take, such as ``"2GB"``; what does not fit is spilled
        to the disk. None for the database's own (80 % of the machine's). Python and what it holds comes on top.
    """

    correlation_window_s: int = 300
    batch_size: int = 1000
    tracking_uri: str | None = None
    max_retention_days: int = 90
    pseudonym_key: bytes | None = field(default=None, repr=False)
    memory_limit: str | None = None

    @classmethod
    def load(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Read the settings file and the environment.

        Parameters
        ----------
        environment : mapping of str to str, optional
            Instead of ``os.environ``.

        Returns
        -------
        Settings
            Defaults where nothing is set.

        Raises
        ------
        SettingsError
            A value is not a positive whole number, or no text or size where one belongs, or the file is no TOML.
        """
        environment = os.environ if environment is None else environment
        path = Path(environment.get("ALERT_ANALYTICS_SETTINGS", _FILE))
        stored = _read(path, required="ALERT_ANALYTICS_SETTINGS" in environment)
        given = {**stored, **environment}
        return cls(
            correlation_window_s=_positive("ALERT_CORRELATION_WINDOW", given, cls.correlation_window_s, " of seconds"),
            batch_size=_positive("ALERT_BATCH_SIZE", given, cls.batch_size),
            tracking_uri=_text(_TRACKING, environment.get(_TRACKING) or stored.get(_TRACKING)),
            max_retention_days=_positive(_RETENTION, given, cls.max_retention_days, " of days"),
            pseudonym_key=_key(environment.get(_KEY), stored),
            memory_limit=_size(_MEMORY, environment.get(_MEMORY) or stored.get(_MEMORY)),
        )


class Secret:
    """What an environment variable holds and nobody else may see: its text form says the variable's name alone.

    Parameters
    ----------
    name : str
        The variable.
    value : str
        Its value; white space around it is dropped, since files of secrets end in a newline.

    Raises
    ------
    SettingsError
        It holds a line break or the like; the message does not show it.
    """

    __slots__ = ("_value", "name")

    def __init__(self, name: str, value: str) -> None:
        self.name = name
        self._value = value.strip()
        if not self._value.isprintable():
            raise SettingsError(f"{name} holds a line break or the like.", hint=f"set {name} anew, in one line.")

    def reveal(self) -> str:
        """The value itself, for the one who sends it."""
        return self._value

    def __repr__(self) -> str:
        return f"<secret {self.name}>"


def secret(name: str, environment: Mapping[str, str] | None = None) -> Secret | None:
    """Read a secret: from the environment alone, never from a file of settings.

    Parameters
    ----------
    name : str
        The environment variable.
    environment : mapping of str to str, optional
        Instead of ``os.environ``.

    Returns
    -------
    Secret or None
        None where it is not set, or empty.

    Raises
    ------
    SettingsError
        It cannot be sent.
    """
    value = (os.environ if environment is None else environment).get(name, "")
    return Secret(name, value) if value.strip() else None


def _read(path: Path, *, required: bool) -> dict[str, object]:
    if not path.is_file():
        if required:
            raise SettingsError(f"ALERT_ANALYTICS_SETTINGS names {path}, which is not there.")
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: not a TOML file ({error}).") from error


def _text(name: str, value: object) -> str | None:
    """A text that may be absent; an empty one is, as MLflow takes it."""
    if value is None or isinstance(value, str):
        return value or None
    raise SettingsError(f"{name} is {value!r}; expected a text.")


def _size(name: str, value: object) -> str | None:
    """A size with its unit; a bare number says too little, and none is no limit."""
    if value is None:
        return None
    if not isinstance(value, str) or not re.fullmatch(_SIZE, value.strip(), re.IGNORECASE):
        raise SettingsError(f"{name} is {value!r}; expected a size with its unit, such as '2GB' or '512MiB'.")
    return value.strip()


def _key(value: str | None, stored: Mapping[str, object]) -> bytes | None:
    """A secret: never in a file that may be committed, and never in a message."""
    if _KEY in stored:
        raise SettingsError(f"{_KEY} stands in the file of settings.", hint="set it in the environment only.")
    if not value:
        return None
    if len(value) < _KEY_LENGTH:
        raise SettingsError(
            f"{_KEY} has {len(value)} characters; expected at least {_KEY_LENGTH}, or anybody could guess it.",
            hint="python -c 'import secrets; print(secrets.token_hex(32))' makes one.",
        )
    return value.encode()


def _positive(name: str, given: Mapping[str, object], default: int, of: str = "") -> int:
    value = given.get(name, default)
    try:
        number = int(str(value))
    except ValueError:
        number = 0
    if number <= 0:
        raise SettingsError(f"{name} is {value!r}; expected a positive whole number{of}.")
    return number
