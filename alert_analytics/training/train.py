"""Training a model from a history, whole: windows, detector, calibration, certificate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from alert_analytics import registry
from alert_analytics.calibration import CalibratedModel, ScoredWindows
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


def train(history: AlertHistory, spec: TrainingSpec, say: Callable[[str], None] = lambda what: None) -> TrainedModel:
    """Train, calibrate and test a model on a history.

    Parameters
    ----------
    history : AlertHistory
        Whose alerts; narrowed as for any question.
    spec : TrainingSpec
        What to train.
    say : callable, optional
        Told what is being done, for a progress bar.

    Returns
    -------
    TrainedModel
        Not yet registered: :func:`register_trained` does that.

    Raises
    ------
    WindowsError
        The history is too short to train on.
    CalibrationError
        It is too short for the promise, or has no window to test on.
    """
    say("making windows")
    learn, calibrate, test = spec.windows(history).split_by_time(*spec.shares)
    say("training")
    fitted = spec.new_detector().fit(learn)
    say("calibrating")
    model = fitted.calibrate(calibrate, false_alarm_rate=spec.false_alarm_rate, delta=spec.delta)
    say("testing")
    return TrainedModel(spec, model.certify(test), test)


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
        A folder for the bundle.
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
    version = registry.register(trained.model, trained.spec.name, alias, tracking_uri=tracking_uri)
    if out is not None:
        trained.model.export(out)
    return version
