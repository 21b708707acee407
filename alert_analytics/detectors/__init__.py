"""Anomaly detectors over feature windows, each with its raw score as an ONNX graph.

The names load on first use: the forest does not wait for PyTorch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alert_analytics.detectors.autoencoder import AutoencoderDetector, FittedAutoencoder
    from alert_analytics.detectors.base import Detector, FittedDetector
    from alert_analytics.detectors.isolation_forest import FittedIsolationForest, IsolationForestDetector
    from alert_analytics.detectors.pca import FittedPCA, PCADetector

__all__ = [
    "AutoencoderDetector",
    "Detector",
    "FittedAutoencoder",
    "FittedDetector",
    "FittedIsolationForest",
    "FittedPCA",
    "IsolationForestDetector",
    "PCADetector",
]

_HOMES = {
    "AutoencoderDetector": "autoencoder",
    "Detector": "base",
    "FittedAutoencoder": "autoencoder",
    "FittedDetector": "base",
    "FittedIsolationForest": "isolation_forest",
    "FittedPCA": "pca",
    "IsolationForestDetector": "isolation_forest",
    "PCADetector": "pca",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
