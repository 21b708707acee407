"""What a model says of itself: in the graph's metadata, and in ``manifest.json`` beside it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from alert_analytics.errors import BundleError

SCHEMA_VERSION = 1
MODEL_FILE, MANIFEST_FILE = "model.onnx", "manifest.json"


@dataclass(frozen=True)
class Manifest:
    """Everything that a consumer of a model may want to know; plain values, so that it goes through JSON unchanged.

    Attributes
    ----------
    schema_version : int
        Of this list.
    detector : str
        ``isolation_forest``, ``autoencoder`` or ``pca``.
    parameters : mapping
        Its hyper-parameters.
    feature_names : tuple of str
        In the order of the columns of the input ``features``.
    features_hash : str
        Of the names in their order; see :func:`features_hash`.
    features : tuple of mapping
        ``name``, ``unit`` and ``formula`` of each, and its ``median`` and ``spread`` over the training windows.
    windows : mapping
        How such windows are made from alerts or metrics.
    alpha, delta : float
        The promise: see README, "What 0.85 promises".
    n, n_eff, k : int, float, int
        Calibration windows, what they are worth, and how many effective exceedances the cut lies under.
    threshold, exponent : float
        t and c: ``is_anomaly`` is ``raw >= t``, ``score = 1 - p_value^c``.
    training, calibration : mapping
        ``n``, and the span: ``start`` and ``end``.
    entities : tuple of str
        Whose windows calibrated it; empty where they are more than 200.
    band_share : float
        Share of calibration rows so near the cut that another batch size or runtime could label them otherwise.
    certificate : mapping or None
        What the test span said; None where none was looked at.
    versions : mapping
        Of the libraries that trained.
    """

    schema_version: int
    detector: str
    parameters: Mapping[str, Any]
    feature_names: tuple[str, ...]
    features_hash: str
    features: tuple[Mapping[str, Any], ...]
    windows: Mapping[str, Any]
    alpha: float
    delta: float
    n: int
    n_eff: float
    k: int
    threshold: float
    exponent: float
    training: Mapping[str, Any]
    calibration: Mapping[str, Any]
    entities: tuple[str, ...]
    band_share: float
    certificate: Mapping[str, Any] | None
    versions: Mapping[str, str]

    def to_metadata(self) -> dict[str, str]:
        """Write each entry as JSON text: what ONNX keeps as ``metadata_props``."""
        return {field.name: json.dumps(getattr(self, field.name), sort_keys=True) for field in fields(self)}

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str], where: str) -> Manifest:
        """Read what :meth:`to_metadata` wrote.

        Raises
        ------
        BundleError
            It is not there, of a later version, or disagrees with itself.
        """
        hint = "model.export(folder) writes a bundle; an ONNX file of another tool carries no calibration."
        said = metadata.get("schema_version", str(SCHEMA_VERSION))
        if said != str(SCHEMA_VERSION):  # before anything else: another version has other entries
            raise BundleError(
                f"{where}: a bundle of version {said[:20]}; this library reads version {SCHEMA_VERSION}.",
                hint="upgrade alert-analytics, or export the model again.",
            )
        missing = [field.name for field in fields(cls) if field.name not in metadata]
        if missing:
            raise BundleError(f"{where}: no model of this library (its metadata lacks {missing[0]}).", hint=hint)
        try:
            read = {field.name: json.loads(metadata[field.name]) for field in fields(cls)}
            read |= {name: tuple(read[name]) for name in ("feature_names", "features", "entities")}
            said = features_hash(read["feature_names"])
        except (ValueError, TypeError, KeyError) as error:
            raise BundleError(f"{where}: its metadata cannot be read ({error}).", hint=hint) from error
        if said != read["features_hash"]:
            raise BundleError(f"{where}: the feature names do not match their hash.", hint="export the model again.")
        return cls(**read)


def features_hash(names: Sequence[str]) -> str:
    """Hash feature names in their order: SHA-256 of their JSON list, hexadecimal."""
    return hashlib.sha256(json.dumps(list(names)).encode()).hexdigest()


def manifest_text(manifest: Manifest, model: bytes) -> str:
    """Write the manifest as the JSON that lies beside the model, with the model's SHA-256."""
    said = {name: json.loads(text) for name, text in manifest.to_metadata().items()}
    said["model_sha256"] = hashlib.sha256(model).hexdigest()
    return json.dumps(said, indent=1, sort_keys=True) + "\n"
