"""Training a model from a history, whole: windows, detector, calibration, certificate."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from alert_analytics import registry
from alert_analytics.calibration import CalibratedModel, ScoredWindows
from alert_analytics.detectors import FittedDetector
from alert_analytics.errors import CalibrationError, WindowsError
from alert_analytics.history import AlertHistory
from alert_analytics.registry import ModelVersion
from alert_analytics.tables import counted
from alert_analytics.training.spec import TrainingSpec
from alert_analytics.windows import Windows


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """A calibrated model with what it was made by and the windows that it was tested on.

    Attributes
    ----------
    spec : TrainingSpec
        What was asked for.
    model : CalibratedModel
        With its certificate.
    test : Windows
        The last part of the split: neither trained on nor calibrated with.
    """

    spec: TrainingSpec
    model: CalibratedModel
    test: Windows

    @property
    def scores(self) -> ScoredWindows:
        """The test windows, scored."""
        return self.model.score(self.test)

    @property
    def sentence(self) -> str:
        """What came of it, in words."""
        learned = self.model.fitted.learned
        return (
            f"{self.spec.name}: {self.spec.detector.replace('_', ' ')} trained on {counted(learned.n, 'window')}. "
            f"{self.model.certificate.sentence if self.model.certificate else ''}"
        )


def train(
    history: AlertHistory,
    spec: TrainingSpec,
    say: Callable[[str], None] = lambda what: None,
    *,
    or_rates: Sequence[float] = (),
) -> TrainedModel:
    """Train, calibrate and test a model on a history.

    Parameters
    ----------
    history : AlertHistory
        Whose alerts; narrowed as for any question.
    spec : TrainingSpec
        What to train.
    say : callable, optional
        Told what is being done, for a progress bar.
    or_rates : sequence of float, optional
        False-alarm rates to promise instead, the first that can be, where the history is too short for the spec's.

    Returns
    -------
    TrainedModel
        Not yet registered: :func:`register_trained` does that. Its spec has the rate that is promised. Features that
        the windows trained on never have, such as a severity that nobody recorded, are left out.

    Raises
    ------
    WindowsError
        The history is too short to train on.
    CalibrationError
        It is too short for the promise, that of the spec and any other, or has no window to test on.
    """
    say("making windows")
    learn, calibrate, test = _parts(spec, history)
    say("training")
    fitted = spec.new_detector().fit(learn)
    say("calibrating")
    model = _calibrated(fitted, calibrate, spec, [spec.false_alarm_rate, *or_rates])
    say("testing")
    return TrainedModel(replace(spec, false_alarm_rate=model.calibration.alpha), model.certify(test), test)


def _parts(spec: TrainingSpec, history: AlertHistory) -> tuple[Windows, Windows, Windows]:
    """Split the windows; leave out the features that those to learn from never have, such as an unrecorded severity."""
    learn, calibrate, test = spec.windows(history).split_by_time(*spec.shares)
    if not (len(learn) and len(calibrate) and len(test)):
        raise WindowsError(
            f"Too few windows of {spec.length * spec.every_minutes:g} minutes: {len(learn):,} to train on, "
            f"{len(calibrate):,} to calibrate with, {len(test):,} to test; expected some of each.",
            hint="a longer history, or a smaller every_minutes.",
        )
    names = [learn.feature_names[j] for j in np.flatnonzero((~np.isnan(learn.features)).any(axis=0))]
    learn, calibrate, test = (part.with_features(names) for part in (learn, calibrate, test))
    return learn, calibrate, test


def _calibrated(
    fitted: FittedDetector, windows: Windows, spec: TrainingSpec, rates: Sequence[float]
) -> CalibratedModel:
    """Calibrate with the first rate that the windows suffice for; where they suffice for none, say it of the first."""
    refused = []
    for rate in rates:
        try:
            return fitted.calibrate(windows, false_alarm_rate=rate, delta=spec.delta)
        except CalibrationError as error:
            refused.append(error)
    raise refused[0]


def register_trained(
    trained: TrainedModel,
    *,
    alias: str | None = None,
    out: str | Path | None = None,
    tracking_uri: str | None = None,
) -> ModelVersion:
    """Register a trained model under its name, and write its bundle where asked for.

    Parameters
    ----------
    trained : TrainedModel
        What :func:`train` gave.
    alias : str, optional
        What to call the new version.
    out : str or Path, optional
        A folder for the bundle. A bundle in it is replaced once the version is registered and not before; nothing is
        registered where the folder cannot be written.
    tracking_uri : str, optional
        Which registry; by default that of the settings.

    Returns
    -------
    ModelVersion
        Where it is now.

    Raises
    ------
    CalibrationError
        It is falsified.
    RegistryError
        The registry does not take it.
    BundleError
        The folder cannot be written.
    """
    trained.model.check_registrable()
    staged = None if out is None else Path(out) / ".staged"
    try:
        if staged is not None:
            trained.model.export(staged)
        version = registry.register(trained.model, trained.spec.name, alias, tracking_uri=tracking_uri)
        if out is not None:
            trained.model.export(out)
        return version
    finally:
        if staged is not None:
            shutil.rmtree(staged, ignore_errors=True)
