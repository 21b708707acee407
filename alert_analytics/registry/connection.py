"""A quiet, bounded conversation with MLflow, which leaves nothing of the process changed."""

from __future__ import annotations

import logging
import os
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from alert_analytics.errors import AlertAnalyticsError, MissingDependencyError, RegistryError
from alert_analytics.registry.address import check_database, is_server, resolved, shown
from alert_analytics.registry.creation import make_registry

if TYPE_CHECKING:
    from mlflow import MlflowClient

_ONE_AT_A_TIME = threading.RLock()  # the environment, log levels and warning filters belong to the whole process
_SILENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_DISABLE_AGENT_HINT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}
# How long to try a server, where the user's environment says nothing: MLflow itself would for minutes.
_KNOCK = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "5", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}
_PATIENCE = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "60",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
}
_LIMITS = (_KNOCK, _PATIENCE)
_LOGGERS = ("mlflow", "alembic", "urllib3.connectionpool")
_LONGEST_REASON = 300


def require_mlflow() -> None:
    """Refuse to go on without MLflow.

    A folder ``mlflow/`` in the working directory is enough for ``import mlflow`` to succeed with nothing in it, so it
    is the installed packages that are asked.

    Raises
    ------
    MissingDependencyError
        It is not installed.
    """
    try:
        version("mlflow")
    except PackageNotFoundError as error:
        raise MissingDependencyError(
            "The model registry needs MLflow, which is not installed.", hint='pip install "alert-analytics[ml]"'
        ) from error


@contextmanager
def connected(tracking_uri: str | None, *, create: bool) -> Iterator[MlflowClient]:
    """Talk to a registry.

    Parameters
    ----------
    tracking_uri : str or None
        Which; see :func:`~alert_analytics.registry.address.resolved`.
    create : bool
        Whether a SQLite registry may be made where there is none.

    Yields
    ------
    mlflow.MlflowClient
        Bound to that registry, whatever MLflow's own settings say: those are neither read nor set. Within, MLflow
        prints nothing and gives up on a server within a few seconds.

    Raises
    ------
    MissingDependencyError
        MLflow is not installed.
    RegistryError
        The registry is not there.
    """
    require_mlflow()
    uri = resolved(tracking_uri)
    check_database(uri, create=create)
    with _ONE_AT_A_TIME, ExitStack() as stack:
        knock, patience = ({name: text for name, text in one.items() if name not in os.environ} for one in _LIMITS)
        stack.enter_context(_environment(_SILENT | patience))
        stack.enter_context(_silence())
        if create:
            hint = "is there room for it, and does MLflow itself make one (`mlflow db upgrade sqlite:///new.db`)?"
            with refused_as(f"The registry at {shown(uri)} cannot be made", hint=hint):
                make_registry(uri)
        with _environment(knock):
            client = _reached(uri)
        yield client


@contextmanager
def refused_as(what: str, *, hint: str | None = None) -> Iterator[None]:
    """Turn whatever MLflow and the libraries under it raise into a RegistryError that begins with `what`."""
    try:
        yield
    except AlertAnalyticsError:
        raise
    except Exception as error:
        raise RegistryError(f"{what} ({reason(error)}).", hint=hint) from error


def reason(error: BaseException) -> str:
    """Say in one line what went wrong; of a failed request, what failed under it (such as a refused connection)."""
    deepest = error
    while deepest.__cause__ or deepest.__context__:
        deepest = deepest.__cause__ or deepest.__context__ or deepest
    lines = str(deepest if isinstance(deepest, OSError) else error).strip().splitlines() or [type(error).__name__]
    return lines[0][:_LONGEST_REASON].rstrip(". ")


def _reached(uri: str) -> MlflowClient:
    from mlflow import MlflowClient

    hint = (
        "is the server running (`mlflow server`), and is this its address?"
        if is_server(uri)
        else "is this its address, and does the installed MLflow suit it (`mlflow db upgrade`)?"
    )
    with refused_as(f"The registry at {shown(uri)} cannot be reached", hint=hint):
        client = MlflowClient(uri, registry_uri=uri)
        client.search_registered_models(max_results=1)
        return client


@contextmanager
def _environment(changes: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables, which is how MLflow takes these settings, and set them back."""
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    try:
        yield
    finally:
        for name, text in before.items():
            if text is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = text


@contextmanager
def _silence() -> Iterator[None]:
    """Let nothing be printed or logged; what matters comes as an exception."""
    with warnings.catch_warnings():
        # Deprecations of what MLflow itself uses, such as SQLAlchemy's `noload`; its own are FutureWarnings and stay.
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.filterwarnings("ignore", ".*Any type hint is inferred as AnyType", UserWarning)  # at an import
        import mlflow  # noqa: F401  # sets the levels of its loggers

        loggers = [logging.getLogger(name) for name in _LOGGERS]
        before = [logger.level for logger in loggers]
        for logger in loggers:
            logger.setLevel(logging.CRITICAL)
        try:
            yield
        finally:
            for logger, level in zip(loggers, before, strict=True):
                logger.setLevel(level)
