"""The only reader of the environment, and of one TOML file behind it; the environment wins.

``ALERT_ANALYTICS_SETTINGS`` names the file (default ``alert-analytics.toml`` in the working directory, if there).
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from alert_analytics.errors import SettingsError

_FILE = "alert-analytics.toml"
_TRACKING = "MLFLOW_TRACKING_URI"
_MEMORY = "ALERT_MEMORY_LIMIT"
_SIZE = r"\d+(\.\d+)?\s*([kmgt]i?)?b"


@dataclass(frozen=True)
class Settings:
    """What an installation may set once for all analyses.

    Attributes
    ----------
    correlation_window_s : int
        ``ALERT_CORRELATION_WINDOW``: how long after a leader a follower counts, in seconds.
    tracking_uri : str or None
        ``MLFLOW_TRACKING_URI``: where the model registry is; None for ``mlflow.db`` in the working directory.
    memory_limit : str or None
        ``ALERT_MEMORY_LIMIT``: how much memory the database may take, such as ``"2GB"``; what does not fit is spilled
        to the disk. None for the database's own (80 % of the machine's). Python and what it holds comes on top.
    """

    correlation_window_s: int = 300
    tracking_uri: str | None = None
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
        value = environment.get("ALERT_CORRELATION_WINDOW", stored.get("ALERT_CORRELATION_WINDOW", 300))
        return cls(
            correlation_window_s=_positive("ALERT_CORRELATION_WINDOW", value),
            tracking_uri=_text(_TRACKING, environment.get(_TRACKING) or stored.get(_TRACKING)),
            memory_limit=_size(_MEMORY, environment.get(_MEMORY) or stored.get(_MEMORY)),
        )


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


def _positive(name: str, value: object) -> int:
    try:
        number = int(str(value))
    except ValueError:
        number = 0
    if number <= 0:
        raise SettingsError(f"{name} is {value!r}; expected a positive whole number of seconds.")
    return number
