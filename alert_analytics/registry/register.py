"""Registering a calibrated model: whole, with its promise for all to see, or not at all."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from alert_analytics.errors import AlertAnalyticsError, CalibrationError, RegistryError
from alert_analytics.registry.address import artifact_place, check_alias, check_name, is_server, shown
from alert_analytics.registry.connection import connected, reason, refused_as, require_mlflow
from alert_analytics.registry.reading import stored_bytes
from alert_analytics.registry.versions import ModelVersion, aliases_of

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from alert_analytics.calibration import CalibratedModel

EXPERIMENT = "alert-analytics"


def register(
    model: CalibratedModel, name: str, alias: str | None = None, *, tracking_uri: str | None = None
) -> ModelVersion:
    """Register a calibrated model as a new version.

    Parameters
    ----------
    model : CalibratedModel
        With a promise, and not falsified.
    name : str
        Of the registered model: letters, digits, ``-`` and ``_``. Made if it is new.
    alias : str, optional
        What the version shall be known as, such as ``challenger``; moves from the version that has it. It moves last,
        after the stored file has been read back, so that whoever loads by it never meets half a model.
    tracking_uri : str, optional
        Where the registry is: ``http://HOST:PORT`` of a tracking server, or ``sqlite:///FILE``, whose model files lie
        in ``mlartifacts`` beside it. Else as ``MLFLOW_TRACKING_URI`` or the settings file say; else ``mlflow.db`` in
        the working directory. MLflow's own global settings stay as they are.

    Returns
    -------
    ModelVersion
        Its ``uri`` is what :meth:`OnnxScorer.load` takes.

    Raises
    ------
    CalibrationError
        The model is not calibrated, a best effort, or falsified.
    RegistryError
        The name or the alias cannot be used, the registry is not there, or a step failed; then the alias stands where
        it stood, and there is no new version.
    MissingDependencyError
        MLflow is not installed.

    Examples
    --------
    >>> import numpy as np, tempfile, alert_analytics as aa
    >>> normal = np.random.default_rng(0).normal(size=(1500, 2))
    >>> model = aa.IsolationForestDetector(n_trees=20).fit(normal[:500]).calibrate(normal[500:])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     place = f"sqlite:///{folder}/mlflow.db"
    ...     version = aa.registry.register(model, "demo", "challenger", tracking_uri=place)
    >>> version.uri, version.alias
    ('models:/demo/1', 'challenger')
    """
    require_mlflow()
    _check(model)
    check_name(name)
    check_alias(alias)
    with connected(tracking_uri, create=True) as client:
        draft = _Draft(client, name, alias)
        try:
            draft.write(model)
        except BaseException as error:
            left = draft.withdraw()
            if not isinstance(error, Exception):
                raise
            raise _refusal(error, f"{name}: not registered at {shown(client.tracking_uri)}", left) from error
        return ModelVersion(
            name, draft.version, () if alias is None else (alias,), draft.run_id or None, client.tracking_uri
        )


def _refusal(error: Exception, what: str, left: str) -> RegistryError:
    """Say which step failed, and what could not be taken back."""
    if isinstance(error, AlertAnalyticsError):
        return RegistryError(f"{what}: {error.message}{left}", hint=error.hint)
    return RegistryError(f"{what} ({reason(error)}).{left}", hint="aliases and versions stand as before; try again.")


def _check(model: object) -> None:
    """Refuse what must not get out.

    Raises
    ------
    CalibrationError
        With the reason.
    """
    from alert_analytics.calibration import CalibratedModel
    from alert_analytics.detectors import Detector, FittedDetector

    if not isinstance(model, CalibratedModel):
        steps = ".fit(train).calibrate(calibration)" if isinstance(model, Detector) else ".calibrate(calibration)"
        ours = isinstance(model, (Detector, FittedDetector))
        raise CalibrationError(
            f"{type(model).__name__} is {'not calibrated' if ours else 'no model of this library'}; expected a "
            "CalibratedModel, whose 0.85 keeps a promise.",
            hint=f"{steps} first." if ours else "detector.fit(train).calibrate(calibration) makes one.",
        )
    model.check_registrable()


@dataclass
class _Draft:
    """A version in the making: what there is of it so far, and how to take it back."""

    client: MlflowClient
    name: str
    alias: str | None
    run_id: str = ""
    model_id: str = ""
    version: int = 0
    is_new_name: bool = False
    alias_stood_at: int | None = None
    is_alias_touched: bool = False
    _place: str = field(default="", repr=False)

    def write(self, model: CalibratedModel) -> None:
        """Make the version, step by step, the alias last."""
        from alert_analytics.registry.contents import tags_of

        self._write_run(model)
        content = self._write_files(model)
        before = aliases_of(self.client, self.name)
        if before is None:
            self._write_name()
        made = self.client.create_model_version(
            self.name,
            self._place,  # not models:/ID, for which a SQLite store would ask MLflow's global settings
            run_id=self.run_id,
            model_id=self.model_id,
            tags=tags_of(model),
            description=model.explain_threshold(),
        )
        self.version = int(made.version)
        self._check_stored(content)
        linked = [{"name": self.name, "version": self.version}]
        self.client.set_logged_model_tags(self.model_id, {"mlflow.modelVersions": json.dumps(linked)})
        self.client.update_run(self.run_id, status="FINISHED")
        if self.alias is not None:
            self.alias_stood_at = (before or {}).get(self.alias)
            self.is_alias_touched = True
            self.client.set_registered_model_alias(self.name, self.alias, str(self.version))

    def _write_name(self) -> None:
        from mlflow.exceptions import MlflowException

        try:
            self.client.create_registered_model(self.name)
            self.is_new_name = True
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":  # somebody else was quicker
                raise

    def _write_run(self, model: CalibratedModel) -> None:
        from mlflow.entities import Metric, Param

        from alert_analytics.registry.contents import metrics_of, parameters_of, tags_of

        experiment = _experiment(self.client)
        run = self.client.create_run(experiment, tags=tags_of(model), run_name=self.name)
        self.run_id = run.info.run_id
        made = self.client.create_logged_model(
            experiment, name=self.name, source_run_id=self.run_id, params=parameters_of(model), tags=tags_of(model)
        )
        self.model_id, self._place = made.model_id, made.artifact_location
        now = int(time.time() * 1000)
        self.client.log_batch(
            self.run_id,
            metrics=[Metric(key, value, now, 0, model_id=self.model_id) for key, value in metrics_of(model).items()],
            params=[Param(key, value) for key, value in parameters_of(model).items()],
        )

    def _write_files(self, model: CalibratedModel) -> bytes:
        from mlflow.entities import LoggedModelOutput
        from mlflow.models import Model

        from alert_analytics.registry.contents import write_folder

        with TemporaryDirectory(prefix="alert-analytics-") as folder:
            described = Model(
                artifact_path=self._place, run_id=self.run_id, model_uuid=self.model_id, model_id=self.model_id
            )
            content = write_folder(model, Path(folder, "model"), described)
            self.client.log_model_artifacts(self.model_id, str(Path(folder, "model")))
        self.client.finalize_logged_model(self.model_id, "READY")
        self.client.log_outputs(self.run_id, [LoggedModelOutput(self.model_id, step=0)])
        return content

    def _check_stored(self, content: bytes) -> None:
        stored = stored_bytes(self.client, self.name, self.version)
        if stored != content:
            raise RegistryError(
                f"the stored file differs from the one sent ({len(stored):,} of {len(content):,} bytes).",
                hint="is there room where the registry keeps its files?",
            )

    def withdraw(self) -> str:
        """Take back what there is; say what could not be."""
        left = [
            what
            for what, undo in (
                (f"the alias {self.alias}", self._restore_alias),
                (f"version {self.version or 'unknown'}", self._delete_version),
                (f"the empty model {self.name}", self._delete_name),
                (f"the model {self.model_id} of its run", self._delete_model),
                (f"the run {self.run_id}", self._fail_run),
            )
            if not _done(undo)
        ]
        return f" Left behind, since it could not be undone either: {', '.join(left)}." if left else ""

    def _restore_alias(self) -> None:
        if self.alias is None or not self.is_alias_touched:
            return
        if (aliases_of(self.client, self.name) or {}).get(self.alias) != self.version:
            return
        if self.alias_stood_at is None:
            self.client.delete_registered_model_alias(self.name, self.alias)
        else:
            self.client.set_registered_model_alias(self.name, self.alias, str(self.alias_stood_at))

    def _delete_version(self) -> None:
        if self.run_id:  # by the run: a version may have been made and the answer lost
            for one in self.client.search_model_versions(f"run_id = '{self.run_id}'"):
                self.client.delete_model_version(one.name, str(one.version))

    def _delete_name(self) -> None:
        if self.is_new_name and not self.client.search_model_versions(f"name = '{self.name}'", max_results=1):
            self.client.delete_registered_model(self.name)

    def _delete_model(self) -> None:
        if self.model_id:
            self.client.delete_logged_model(self.model_id)

    def _fail_run(self) -> None:
        if self.run_id:
            self.client.update_run(self.run_id, status="FAILED")


def _done(undo: Any) -> bool:
    """Run a step of taking back; whether it succeeded."""
    try:
        with refused_as("not undone"):
            undo()
    except RegistryError:
        return False
    return True


def _experiment(client: MlflowClient) -> str:
    """The experiment that holds the runs, made where there is none: its id."""
    from mlflow.exceptions import MlflowException

    found = client.get_experiment_by_name(EXPERIMENT)
    if found is not None:
        return str(found.experiment_id)
    where = client.tracking_uri
    place = artifact_place(where)
    if place is None and not is_server(where):
        raise RegistryError(
            f"there is no experiment {EXPERIMENT!r}, and a bare database does not say where its files belong.",
            hint=f"make it: mlflow experiments create -n {EXPERIMENT} -l s3://bucket/folder",
        )
    try:
        return str(client.create_experiment(EXPERIMENT, artifact_location=place))
    except MlflowException as error:
        found = client.get_experiment_by_name(EXPERIMENT) if error.error_code == "RESOURCE_ALREADY_EXISTS" else None
        if found is None:
            raise
        return str(found.experiment_id)  # somebody else was quicker
