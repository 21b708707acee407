"""What to train: the features, the detector and the promise, as ``models/<name>/spec.toml`` says it."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from pathlib import Path
from typing import Any

from alert_analytics.detectors import AutoencoderDetector, Detector, IsolationForestDetector, PCADetector
from alert_analytics.errors import SettingsError
from alert_analytics.history import AlertHistory
from alert_analytics.windows import Windows, alert_windows

_KINDS = ("isolation_forest", "autoencoder", "pca")
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
        if not isinstance(given.get("name"), str):
            raise SettingsError(f"{where}: no name.", hint='name = "alert-volume"')
        lists = {key: tuple(given[key]) for key in ("by", "shares") if key in given}
        spec = cls(**{**given, **lists})
        spec.new_detector(where)
        if len(spec.shares) != len(_SHARES):
            raise SettingsError(
                f"{where}: shares={list(spec.shares)}; expected three: to train, to calibrate, to test.",
                hint=f"shares = {list(_SHARES)}",
            )
        return spec

    def new_detector(self, where: str = "spec") -> Detector:
        """Make the detector, untrained.

        Raises
        ------
        SettingsError
            There is none of this name, or it has no such parameter.
        """
        kinds: dict[str, type[Detector]] = dict(
            zip(_KINDS, (IsolationForestDetector, AutoencoderDetector, PCADetector), strict=True)
        )
        kind = kinds.get(self.detector.replace("-", "_"))
        if kind is None:
            raise SettingsError(f"{where}: detector={self.detector!r}; expected one of {', '.join(_KINDS)}.")
        check_keys(self.parameters, [one.name for one in fields(kind)], f"{where}: [parameters] of {self.detector}")
        return kind(**self.parameters)

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


def check_keys(given: Mapping[str, Any], known: list[str], where: str) -> None:
    """Refuse a key that nothing reads, with the one that was probably meant.

    Raises
    ------
    SettingsError
        There is one.
    """
    for key in given:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"{near[0]}?" if near else f"known: {', '.join(known)}."
            raise SettingsError(f"{where}: nothing reads {key!r}.", hint=hint)
