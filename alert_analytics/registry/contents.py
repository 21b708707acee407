"""What a registered version holds: the folder with the model, and the numbers that MLflow shows of it."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from onnx import helper

from alert_analytics.scoring.manifest import MANIFEST_FILE, MODEL_FILE, manifest_text

if TYPE_CHECKING:
    from mlflow.models import Model, ModelSignature

    from alert_analytics.calibration import CalibratedModel

_NEEDED_TO_SCORE = ("onnxruntime", "numpy")


def write_folder(model: CalibratedModel, folder: Path, described: Model) -> bytes:
    """Write a model as MLflow keeps it, and its manifest beside: the folder is a bundle as well.

    Parameters
    ----------
    model : CalibratedModel
        With a promise.
    folder : Path
        Must not exist.
    described : mlflow.models.Model
        MLflow's own description, which is filled.

    Returns
    -------
    bytes
        The ONNX file.
    """
    import mlflow.onnx

    mlflow.onnx.save_model(
        model.graph,
        str(folder),
        mlflow_model=described,
        signature=_signature(model),
        input_example={"features": model.fitted.learned.medians.reshape(1, -1)},
        pip_requirements=[f"{name}=={_minor(version(name))}.*" for name in _NEEDED_TO_SCORE],
        onnx_execution_providers=["CPUExecutionProvider"],
        save_as_external_data=False,  # one file, whatever the size of its weights
    )
    content = (folder / MODEL_FILE).read_bytes()
    (folder / MANIFEST_FILE).write_text(manifest_text(model.manifest, content), encoding="utf-8")
    return content


def parameters_of(model: CalibratedModel) -> dict[str, str]:
    """What was chosen: the run's parameters."""
    said = model.manifest
    chosen = {
        "detector": said.detector,
        "alpha": f"{said.alpha:g}",
        "delta": f"{said.delta:g}",
        "n_features": str(len(said.feature_names)),
        "schema_version": str(said.schema_version),
    }
    return chosen | {f"{said.detector}.{name}": str(value) for name, value in said.parameters.items()}


def metrics_of(model: CalibratedModel) -> dict[str, float]:
    """What was found: the run's metrics."""
    said, looked_at = model.manifest, model.certificate
    found = {
        "n_training": float(said.training["n"]),
        "n": float(said.n),
        "n_eff": said.n_eff,
        "k": float(said.k),
        "threshold": said.threshold,
        "band_share": said.band_share,
    }
    if looked_at is not None:
        found |= {
            "test_n": float(looked_at.m),
            "test_n_eff": looked_at.m_eff,
            "test_n_flagged": float(looked_at.n_flagged),
            "certificate_low": looked_at.low,
            "certificate_high": looked_at.high,
        }
    return found


def tags_of(model: CalibratedModel) -> dict[str, str]:
    """Everything that one may want to know of a version without opening it: its tags."""
    said, looked_at = model.manifest, model.certificate
    tags = {
        "detector": said.detector,
        "schema_version": str(said.schema_version),
        "features_hash": said.features_hash,
        "alpha": repr(said.alpha),
        "delta": repr(said.delta),
        "n": str(said.n),
        "n_eff": repr(said.n_eff),
        "k": str(said.k),
        "threshold": repr(said.threshold),
        "certificate": "not looked at" if looked_at is None else looked_at.status,
    }
    spans: dict[str, Any] = {"training": said.training, "calibration": said.calibration}
    if looked_at is not None:
        tags |= {"certificate_low": repr(looked_at.low), "certificate_high": repr(looked_at.high)}
        spans["test"] = looked_at.to_dict()
    for name, span in spans.items():
        tags |= {f"{name}_{end}": str(span[end]) for end in ("start", "end") if span[end] is not None}
    return tags


def _signature(model: CalibratedModel) -> ModelSignature:
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema, TensorSpec

    width = len(model.manifest.feature_names)
    outputs: list[ColSpec | TensorSpec] = [
        TensorSpec(np.dtype(helper.tensor_dtype_to_np_dtype(one.type.tensor_type.elem_type)), (-1,), one.name)
        for one in model.graph.graph.output
    ]
    return ModelSignature(Schema([TensorSpec(np.dtype(np.float32), (-1, width), "features")]), Schema(outputs))


def _minor(installed: str) -> str:
    return ".".join(installed.split(".")[:2])
