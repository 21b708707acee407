"""The versions of a registered model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from alert_analytics.errors import RegistryError
from alert_analytics.registry.address import shown
from alert_analytics.registry.connection import connected, refused_as

if TYPE_CHECKING:
    from mlflow import MlflowClient

_SHOWN = 6
_PAGE = 200


@dataclass(frozen=True, repr=False)
class ModelVersion:
    """A version in the registry.

    Attributes
    ----------
    name : str
        Of the registered model.
    version : int
        Its number, from 1.
    aliases : tuple of str
        What it is known as now, such as ``challenger``.
    run_id : str or None
        Of the MLflow run that holds its parameters and metrics.
    tracking_uri : str
        Where the registry is.
    """

    name: str
    version: int
    aliases: tuple[str, ...]
    run_id: str | None
    tracking_uri: str

    @property
    def alias(self) -> str | None:
        """The alias, or the first of several; None where it has none."""
        return self.aliases[0] if self.aliases else None

    @property
    def uri(self) -> str:
        """The address of this very version; that of whatever has an alias is ``models:/NAME@ALIAS``."""
        return f"models:/{self.name}/{self.version}"

    @property
    def sentence(self) -> str:
        """The version in words."""
        known = f", known as {' and '.join(self.aliases)}," if self.aliases else ""
        return f"Version {self.version} of {self.name}{known} is {self.uri} at {shown(self.tracking_uri)}."

    def __repr__(self) -> str:
        return self.sentence


def versions(name: str, *, tracking_uri: str | None = None) -> list[ModelVersion]:
    """List the versions of a registered model, newest first.

    Parameters
    ----------
    name : str
        Of the registered model.
    tracking_uri : str, optional
        Where the registry is; see :func:`register`.

    Returns
    -------
    list of ModelVersion
        With their aliases.

    Raises
    ------
    RegistryError
        The registry is not there, or has no such model.
    MissingDependencyError
        MLflow is not installed.
    """
    with connected(tracking_uri, create=False) as client:
        return versions_of(client, name)


def versions_of(client: MlflowClient, name: str) -> list[ModelVersion]:
    """List the versions of a model in a registry that is open; see :func:`versions`."""
    where = client.tracking_uri
    aliases = aliases_of(client, name)
    if aliases is None:
        with refused_as(f"The models at {shown(where)} cannot be listed"):
            there = sorted(model.name for model in client.search_registered_models(max_results=_PAGE))
        hint = f"there are: {listed(there)}." if there else "there is none yet; aa.registry.register(model, name=...)."
        raise RegistryError(f"There is no model {name!r} at {shown(where)}.", hint=hint)
    with refused_as(f"The versions of {name} at {shown(where)} cannot be listed"):
        found, token = [], None
        while True:
            page = client.search_model_versions(_is(name), max_results=_PAGE, page_token=token)
            found += [(int(one.version), one.run_id or None) for one in page]
            token = page.token
            if not token:
                break
    return [
        ModelVersion(name, number, tuple(sorted(a for a, of in aliases.items() if of == number)), run_id, where)
        for number, run_id in sorted(found, reverse=True)
    ]


def aliases_of(client: MlflowClient, name: str) -> dict[str, int] | None:
    """Which version each alias of a model stands for; None where there is no such model."""
    from mlflow.exceptions import MlflowException

    with refused_as(f"The model {name!r} at {shown(client.tracking_uri)} cannot be looked up"):
        try:
            model = client.get_registered_model(name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            return None
        return {alias: int(number) for alias, number in model.aliases.items()}


def listed(names: list[str]) -> str:
    """The first few of some names."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _is(name: str) -> str:
    """MLflow's filter for a name, which has no escapes."""
    mark = '"' if "'" in name else "'"
    return f"name = {mark}{name}{mark}"
