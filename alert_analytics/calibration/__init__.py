"""From a detector to a model whose 0.85 keeps a promise, and the bundle that leaves the house."""

from __future__ import annotations

from typing import Any

from alert_analytics.calibration.calibration import Calibration, calibration_of
from alert_analytics.calibration.certificate import Certificate
from alert_analytics.calibration.model import CalibratedModel
from alert_analytics.calibration.scored import ScoredWindows
from alert_analytics.detectors.base import FittedDetector

__all__ = ["CalibratedModel", "Calibration", "Certificate", "ScoredWindows", "calibrate"]


def calibrate(
    fitted: FittedDetector, windows: Any, *, false_alarm_rate: float, delta: float, best_effort: bool
) -> CalibratedModel:
    """Make a fitted detector a calibrated model; :meth:`FittedDetector.calibrate` says how."""
    return CalibratedModel(fitted, calibration_of(fitted, windows, false_alarm_rate, delta, best_effort=best_effort))
