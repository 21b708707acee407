"""What to train: the features, the detector and the promise, as ``models/<name>/spec.toml`` says it."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alert_analytics import detectors
from alert_analytics.errors import SettingsError
from alert_analytics.history import AlertHistory
from alert_analytics.windows import Windows, alert_windows

if TYPE_CHECKING:
    from alert_analytics.detectors import Detector

_KINDS = {  # each loads when it is asked for: a forest does not wait for PyTorch
    "isolation_forest": "IsolationForestDetector",
    "autoencoder": "AutoencoderDetector",
    "pca": "PCADetector",
}
_SHARES = (0.6, 0.2, 0.2)


@dataclass(frozen=True)
class TrainingSpec:
    """A model to be: everything that decides it but for the data.

    Attributes
    ----------
    name : str
        What it is registered as.
    detector : str
        ``isolation_forest``, ``autoencoder`` or ``pca``.
    parameters : mapping
        Of the detector, by name; its own defaults for the rest.
    false_alarm_rate, delta : float
        The promise: at most this share of normal windows reaches 0.85; at most this share of calibrations breaks that.
    every_minutes : float
        Width of a bucket of the alert windows.
    by : tuple of str
        Columns or labels; a series for each combination of their values.
    length : int
        Buckets to a window.
    timezone : str
        Whose hours and weeks.
    shares : tuple of float
        Of the windows, in order of time: to train on, to calibrate with, to test.
    """

    name: str
    detector: str = "isolation_forest"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    false_alarm_rate: float = 0.01
    delta: float = 0.05
    every_minutes: float = 60.0
    by: tuple[str, ...] = ()
    length: int = 1
    timezone: str = "UTC"
    shares: tuple[float, ...] = _SHARES

    @classmethod
    def from_toml(cls, path: str | Path) -> TrainingSpec:
        """Read a specification.

        Parameters
        ----------
        path : str or Path
            A TOML file whose keys are the attributes above; ``[parameters]`` is a table.

        Returns
        -------
        TrainingSpec
            With the defaults for what it does not say.

        Raises
        ------
        SettingsError
            There is no such file, it is no TOML, or it holds a key or a value that means nothing.
        """
        return cls.from_mapping(read_toml(path), str(path))

    @classmethod
    def from_mapping(cls, given: Mapping[str, Any], where: str) -> TrainingSpec:
        """Take a specification from plain values; `where` is what to call them in a message."""
        check_keys(given, [one.name for one in fields(cls)], where)
        if "name" not in given:
            raise SettingsError(f"{where}: no name.", hint='name = "alert-volume"')
        plain: dict[str, Any] = {
            key: [value] if key == "by" and isinstance(value, str) else value for key, value in given.items()
        }
        for key, value in plain.items():
            fits, expected = _VALUES[key]
            if not fits(value):
                raise SettingsError(f"{where}: {key}={value!r}; expected {expected}.")
        plain |= {key: tuple(plain[key]) for key in _LISTS if key in plain}
        spec = cls(**plain)
        spec.new_detector(where)
        return spec

    def new_detector(self, where: str = "spec") -> Detector:
        """Make the detector, untrained.

        Raises
        ------
        SettingsError
            There is none of this name, or it has no such parameter, or not with such a value.
        """
        if self.detector not in _KINDS:
            raise SettingsError(f"{where}: detector={self.detector!r}; expected one of {', '.join(_KINDS)}.")
        kind: type[Detector] = getattr(detectors, _KINDS[self.detector])
        where = f"{where}: [parameters] of {self.detector}"
        check_keys(self.parameters, [one.name for one in fields(kind)], where)
        try:
            return kind(**self.parameters)
        except SettingsError as error:
            raise SettingsError(f"{where}: {error.message}", hint=error.hint) from error

    def windows(self, history: AlertHistory) -> Windows:
        """Make the windows of a history that such a model is trained on, or scores."""
        every = timedelta(minutes=self.every_minutes)
        return alert_windows(history, every=every, by=self.by or None, length=self.length, timezone=self.timezone)


def read_toml(path: str | Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises
    ------
    SettingsError
        It is not there, or is no TOML.
    """
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror or error}.", hint="give the path of a TOML file.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: not a TOML file ({error}).") from error


def check_keys(given: Mapping[str, Any], known: Sequence[str], where: str, needed: Sequence[str] = ()) -> None:
    """Refuse a key that nothing reads, with the one that was probably meant, and the lack of one that is needed.

    Raises
    ------
    SettingsError
        There is one, or there is none.
    """
    for key in given:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"{near[0]}?" if near else f"known: {', '.join(known)}."
            raise SettingsError(f"{where}: nothing reads {key!r}.", hint=hint)
    for key in needed:
        if key not in given:
            raise SettingsError(f"{where}: no {key}.", hint=f"it needs {', '.join(needed)}.")


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_share(value: Any) -> bool:
    return _is_number(value) and 0 < value < 1


def _is_length(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _is_list(value: object, fits: Callable[[Any], bool]) -> bool:
    return isinstance(value, (list, tuple)) and all(map(fits, value))


def _are_shares(value: Any) -> bool:
    return _is_list(value, _is_share) and len(value) == len(_SHARES) and sum(value) <= 1 + 1e-9


_LISTS = ("by", "shares")
_VALUES: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "name": (_is_text, "a text"),
    "detector": (_is_text, f"one of {', '.join(_KINDS)}"),
    "parameters": (lambda value: isinstance(value, Mapping), "a table of the detector's parameters"),
    "false_alarm_rate": (_is_share, "a share between 0 and 1"),
    "delta": (_is_share, "a share between 0 and 1"),
    "every_minutes": (lambda value: _is_number(value) and 0 < value < 1e9, "a positive number of minutes"),
    "by": (lambda value: _is_list(value, _is_text), "columns or labels, each a text"),
    "length": (_is_length, "a whole number of buckets, at least 1"),
    "timezone": (_is_text, "the name of a time zone"),
    "shares": (_are_shares, "three, at most 1 together: to train, to calibrate, to test"),
}
