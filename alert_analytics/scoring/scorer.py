"""Scoring with an exported model: numpy and onnxruntime, nothing else of the library."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from alert_analytics.errors import BundleError, FeatureMismatchError
from alert_analytics.matrices import Matrix, read_matrix
from alert_analytics.scoring.manifest import MANIFEST_FILE, MODEL_FILE, Manifest, manifest_text
from alert_analytics.scoring.session import open_session, run_rows

_OUTPUTS = ["raw", "score", "p_value", "is_anomaly"]
_TYPES = {
    "raw": ("tensor(double)", "tensor(float)"),
    "score": ("tensor(float)",),
    "p_value": ("tensor(float)",),
    "is_anomaly": ("tensor(bool)",),
}


@dataclass(frozen=True, eq=False)
class Scores:
    """What a model says of each row.

    Attributes
    ----------
    raw : numpy.ndarray of float64 or float32, shape (n,)
        Higher is more anomalous; comparable within one model only. NaN for a row whose every value is missing.
    score : numpy.ndarray of float32, shape (n,)
        In [0, 1], NaN where raw is. 0.85 means the same for every model: at most its registered share of normal windows
        reaches it.
    p_value : numpy.ndarray of float32, shape (n,)
        How often a normal window is at least as anomalous, at most.
    is_anomaly : numpy.ndarray of bool, shape (n,)
        Whether the score reaches 0.85; never where it is NaN.
    """

    raw: npt.NDArray[Any]
    score: npt.NDArray[np.float32]
    p_value: npt.NDArray[np.float32]
    is_anomaly: npt.NDArray[np.bool_]

    @property
    def n_unknown(self) -> int:
        """Rows without any value, which cannot be scored."""
        return int(np.isnan(self.score).sum())

    def __len__(self) -> int:
        return len(self.score)


class OnnxScorer:
    """An exported model, ready to score: one file, the calibration inside. Several threads may use one at once.

    Examples
    --------
    >>> import numpy as np, tempfile, alert_analytics as aa
    >>> normal = np.random.default_rng(0).normal(size=(1500, 2))
    >>> model = aa.IsolationForestDetector(n_trees=20).fit(normal[:500]).calibrate(normal[500:])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     scorer = aa.OnnxScorer.load(model.export(folder))
    >>> scorer.score([[0.0, 0.0], [9.0, -9.0]]).is_anomaly
    array([False,  True])
    """

    def __init__(self, model: bytes, where: str = "model") -> None:
        """Take a serialised model; :meth:`load` reads one from where it lies."""
        self._session = open_session(model, where)
        self._where = where
        self.manifest = Manifest.from_metadata(self._session.get_modelmeta().custom_metadata_map, where)
        _check_contract(self._session, self.manifest, where)
        self._width = len(self.manifest.feature_names)

    @classmethod
    def load(cls, place: str | Path) -> OnnxScorer:
        """Load a model from a bundle's folder, an ``.onnx`` file, or a registry.

        Parameters
        ----------
        place : str or Path
            A folder with ``model.onnx`` and ``manifest.json``, the ONNX file alone, or an address in the registry such
            as ``models:/alert-volume@challenger`` or ``models:/alert-volume/3`` (this needs MLflow).

        Returns
        -------
        OnnxScorer
            Ready; the manifest is held against the graph's own metadata.

        Raises
        ------
        BundleError
            There is nothing, or no bundle, or a half-written or altered one.
        RegistryError
            The registry is not there, or does not have it.
        """
        if str(place).startswith("models:/"):
            from alert_analytics import registry  # the one way up: a consumer without MLflow never takes it

            return cls(registry.model_bytes(str(place)), str(place))
        path = Path(place)
        file = path / MODEL_FILE if path.is_dir() else path
        try:
            model = file.read_bytes()
        except OSError as error:
            raise BundleError(
                f"{file}: {error.strerror or error}.",
                hint="give the folder that model.export() returned, its model.onnx, or models:/NAME@ALIAS.",
            ) from error
        scorer = cls(model, str(file))
        if path.is_dir():
            _check_manifest(path / MANIFEST_FILE, model, scorer.manifest)
        return scorer

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The names of the columns of a matrix, in order."""
        return self.manifest.feature_names

    def score(self, matrix: Any, feature_names: Sequence[str] | None = None) -> Scores:
        """Score rows.

        Parameters
        ----------
        matrix : array-like of shape (n, d), dataframe, Arrow table, or mapping of str to array-like
            With names (a dataframe's columns, a mapping's keys) the model's features are picked by name, whatever their
            order and whatever else is there. A bare matrix must have them in the model's order. NaN where a value is
            missing; infinities count as the largest values there are.
        feature_names : sequence of str, optional
            What the columns of a bare matrix are: must be the model's, in its order.

        Returns
        -------
        Scores
            A row each.

        Raises
        ------
        FeatureMismatchError
            A feature is missing, or the order or number is another.
        WindowsError
            It is no matrix of numbers.
        """
        if feature_names is not None and tuple(feature_names) != self.feature_names:
            raise FeatureMismatchError.between(
                self.feature_names, tuple(feature_names), hint="a dataframe or a mapping is read by name."
            )
        rows = self._rows(matrix)
        return Scores(*run_rows(self._session, rows, _OUTPUTS))

    def _rows(self, matrix: Any) -> Matrix:
        rows = read_matrix(matrix, self.feature_names)
        if rows.shape[1] != self._width:
            raise FeatureMismatchError(
                f"Features: {rows.shape[1]} given, expected {self._width}.",
                hint=f"the model's are {', '.join(self.feature_names[:6])}{', ...' if self._width > 6 else ''}.",
            )
        return rows

    def __repr__(self) -> str:
        said = self.manifest
        return f"<OnnxScorer of {self._where}: {said.detector}, {self._width} features, alpha {said.alpha:g}>"


def _check_contract(session: Any, manifest: Manifest, where: str) -> None:
    """Hold the graph's inputs and outputs against the contract."""
    inputs = {one.name: (one.type, one.shape) for one in session.get_inputs()}
    outputs = {one.name: one.type for one in session.get_outputs()}
    kind, shape = inputs.get("features", ("nothing", [None, None]))
    sound = (
        set(inputs) == {"features"}
        and kind == "tensor(float)"
        and shape[1:] == [len(manifest.feature_names)]
        and all(outputs.get(name) in kinds for name, kinds in _TYPES.items())
    )
    if not sound:
        raise BundleError(
            f"{where}: inputs {inputs} and outputs {outputs}; expected features [N, {len(manifest.feature_names)}] to "
            f"{', '.join(_OUTPUTS)}.",
            hint="export the model again.",
        )


def _check_manifest(path: Path, model: bytes, manifest: Manifest) -> None:
    """Hold the file beside the graph against it."""
    try:
        said = dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise BundleError(f"{path}: cannot be read ({error}).", hint="export the model again.") from error
    written = json.loads(manifest_text(manifest, model))
    differing = sorted(key for key in {*said, *written} if said.get(key) != written.get(key))
    if differing:
        raise BundleError(
            f"{path}: differs from the model beside it in {', '.join(differing[:4])}.",
            hint="the two belong together; export the model again.",
        )
