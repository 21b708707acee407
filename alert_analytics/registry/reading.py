"""Reading a model from the registry: the ONNX file of a version, as bytes."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from alert_analytics.errors import RegistryError
from alert_analytics.registry.address import ModelAddress, shown
from alert_analytics.registry.connection import connected, refused_as
from alert_analytics.registry.versions import ModelVersion, listed, versions_of
from alert_analytics.scoring.manifest import MODEL_FILE

if TYPE_CHECKING:
    from mlflow import MlflowClient


def model_bytes(uri: str, *, tracking_uri: str | None = None) -> bytes:
    """Fetch the ONNX file of a registered version; ``OnnxScorer.load("models:/...")`` does it for you.

    Nothing is written: a registry that is not there is not made.

    Parameters
    ----------
    uri : str
        ``models:/NAME@ALIAS`` or ``models:/NAME/VERSION``.
    tracking_uri : str, optional
        Where the registry is; see :func:`register`.

    Returns
    -------
    bytes
        The model, byte for byte as ``export`` would write it.

    Raises
    ------
    RegistryError
        It is no such address; or the registry is not there, does not have the model, the alias or the version, or
        cannot give its file.
    MissingDependencyError
        MLflow is not installed.
    """
    address = ModelAddress.parse(uri)
    with connected(tracking_uri, create=False) as client:
        found = _found(address, versions_of(client, address.name), client.tracking_uri)
        return stored_bytes(client, found.name, found.version)


def stored_bytes(client: MlflowClient, name: str, version: int) -> bytes:
    """Fetch the ONNX file of a version from a registry that is open; see :func:`model_bytes`."""
    from mlflow.artifacts import download_artifacts

    what = f"The file {MODEL_FILE} of version {version} of {name} at {shown(client.tracking_uri)} cannot be fetched"
    hint = "is its place still there and readable from here? A model registered by another tool has no such file."
    with refused_as(what, hint=hint), TemporaryDirectory(prefix="alert-analytics-") as folder:
        place = client.get_model_version_download_uri(name, str(version))
        # By the place of the files: for models:/ MLflow would ask the registry of its global settings.
        file = download_artifacts(
            f"{place.rstrip('/')}/{MODEL_FILE}",
            dst_path=folder,
            tracking_uri=client.tracking_uri,
            registry_uri=client.tracking_uri,
        )
        return Path(file).read_bytes()


def _found(address: ModelAddress, there: list[ModelVersion], where: str) -> ModelVersion:
    for one in there:
        if one.version == address.version or address.alias in one.aliases:
            return one
    numbers = listed([str(one.version) for one in there])
    aliases = sorted((alias, one.version) for one in there for alias in one.aliases)
    if address.alias is None:
        raise RegistryError(
            f"{address.name} at {shown(where)} has no version {address.version}.",
            hint=f"there are: {numbers}." if there else "it has no version at all.",
        )
    known = listed([f"{alias} (version {version})" for alias, version in aliases])
    raise RegistryError(
        f"{address.name} at {shown(where)} has no alias {address.alias!r}.",
        hint=f"its aliases: {known or 'none'}; its versions: {numbers or 'none'}.",
    )
