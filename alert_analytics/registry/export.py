"""From the registry to a folder: the bundle of a registered model."""

from __future__ import annotations

from pathlib import Path

from alert_analytics.registry.reading import model_bytes
from alert_analytics.scoring import OnnxScorer


def export(address: str, folder: str | Path, *, tracking_uri: str | None = None) -> Path:
    """Write a registered model's bundle: ``model.onnx`` and ``manifest.json``.

    Parameters
    ----------
    address : str
        Such as ``models:/alert-volume@challenger`` or ``models:/alert-volume/3``.
    folder : str or Path
        Made if absent; a bundle in it is replaced.
    tracking_uri : str, optional
        Where the registry is; see :func:`register`.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    RegistryError
        The registry is not there, or does not have it.
    BundleError
        What it has is no model of this library, or the folder cannot be written.
    """
    from alert_analytics.calibration.bundle import write_bundle  # which needs onnx; whoever only loads does not

    model = model_bytes(address, tracking_uri=tracking_uri)
    return write_bundle(Path(folder), model, OnnxScorer(model, address).manifest)
