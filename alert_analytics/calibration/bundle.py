"""Writing a bundle: the model and its manifest, whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from alert_analytics.errors import BundleError
from alert_analytics.scoring.manifest import MANIFEST_FILE, MODEL_FILE, Manifest, manifest_text


def write_bundle(folder: Path, model: bytes, manifest: Manifest) -> Path:
    """Write ``model.onnx`` and ``manifest.json`` into a folder.

    Parameters
    ----------
    folder : Path
        Made if absent; an older bundle in it is replaced.
    model : bytes
        The serialised model, its metadata inside.
    manifest : Manifest
        The same metadata.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    BundleError
        The folder cannot be made or written.

    Notes
    -----
    Each file is written beside its place and then moved into it, the model first. The manifest holds the model's hash,
    so a reader notices where a process was killed between the two.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder / MODEL_FILE, model)
        _write(folder / MANIFEST_FILE, manifest_text(manifest, model).encode())
    except OSError as error:
        raise BundleError(
            f"{folder}: the bundle cannot be written ({error.strerror or error}).", hint="give a folder of yours."
        ) from error
    return folder


def _write(path: Path, content: bytes) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(content)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
