"""A calibrated model: one graph that scores, a promise, and what it takes to let it out of the house."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper

from alert_analytics.calibration.agreement import band_share
from alert_analytics.calibration.bundle import write_bundle
from alert_analytics.calibration.calibration import Calibration, refuse_overlap, worth
from alert_analytics.calibration.certificate import Certificate, certificate
from alert_analytics.calibration.cut import Promise
from alert_analytics.calibration.head import calibrated_graph
from alert_analytics.calibration.scored import ScoredWindows
from alert_analytics.calibration.words import explained, too_few_words_of
from alert_analytics.detectors.base import FittedDetector
from alert_analytics.errors import CalibrationError
from alert_analytics.scoring import Manifest, OnnxScorer
from alert_analytics.scoring.manifest import SCHEMA_VERSION, features_hash
from alert_analytics.windows import as_windows, plain_span

_LISTED = 200  # entities: a manifest is for people
_LIBRARIES = ("alert-analytics", "numpy", "onnx", "onnxruntime", "scikit-learn", "scipy", "torch")


@dataclass(frozen=True, eq=False, repr=False)
class CalibratedModel:
    """A detector whose 0.85 means something; made by :meth:`FittedDetector.calibrate`.

    Attributes
    ----------
    fitted : FittedDetector
        What gives the raw scores.
    calibration : Calibration
        Where 0.85 stands, and why.
    certificate : Certificate or None
        What a later span says of the promise; None before :meth:`certify`.
    """

    fitted: FittedDetector
    calibration: Calibration
    certificate: Certificate | None = None

    @property
    def promise(self) -> Promise | None:
        """What 0.85 promises; None for a best effort."""
        return self.calibration.promise

    @property
    def threshold(self) -> float:
        """t: the raw score at which 0.85 stands."""
        return self.calibration.scores.threshold

    def score(self, windows: Any) -> ScoredWindows:
        """Score windows, with the very graph that is exported.

        Parameters
        ----------
        windows : Windows, or matrix-like of shape (n, d)
            With the features trained on, in their order.

        Returns
        -------
        ScoredWindows
            A row per window, in order.

        Raises
        ------
        FeatureMismatchError
            Other features, or another order.
        """
        given = as_windows(windows)
        self.fitted.check(given)
        scores = self._scorer.score(given.features)
        return ScoredWindows.of(scores, given, self.manifest)

    def certify(self, windows: Any, *, declared_normal: bool = False) -> CalibratedModel:
        """Hold the promise against windows of a later span.

        Parameters
        ----------
        windows : Windows, or matrix-like of shape (n, d)
            Later than the calibration windows. Where they are labelled, those that hold a labelled row are left out.
        declared_normal : bool
            You know that all are normal: then too many at 0.85 falsify the model, which can no longer be registered;
            otherwise they only make it suspect.

        Returns
        -------
        CalibratedModel
            The same with its ``certificate``.

        Raises
        ------
        CalibrationError
            There is no window to look at, the span is not later than that of the calibration, or the model is falsified
            already: another span does not take that back.
        """
        if self.certificate is not None and self.certificate.status == "falsified":
            raise CalibrationError(
                f"certify: the promise is known to be broken: {self.certificate.sentence}",
                hint="calibrate anew: fitted.calibrate(calibration).certify(test).",
            )
        given = as_windows(windows)
        if given.is_normal is not None:
            given = given.select(given.is_normal)
        scored = self.score(given)
        known = np.flatnonzero(np.asarray(scored.table["raw"].is_valid()))
        if not known.size:
            raise CalibrationError(
                "certify: no window to look at.", hint="certify(test) takes the last part of a split."
            )
        refuse_overlap("certify", given, self.calibration.span[1])
        raw, flagged = (scored.table[name].to_numpy()[known] for name in ("raw", "is_anomaly"))
        by = "labels" if given.is_normal is not None else "declaration" if declared_normal else "nobody"
        looked_at = given.select(known)
        size = worth(raw, looked_at)
        found = certificate(flagged, size, self.calibration.alpha, by, plain_span(looked_at))
        if self.promise is None:
            found = replace(found, status="no promise")
        return replace(self, certificate=found)

    def explain_threshold(self) -> str:
        """Say in plain words where 0.85 stands, what it promises and what not, and how that is known."""
        return explained(self)

    def export(self, folder: str | Path) -> Path:
        """Write the bundle: ``model.onnx``, which any runtime can score, and ``manifest.json``, for people.

        Parameters
        ----------
        folder : str or Path
            Made if absent; a bundle in it is replaced.

        Returns
        -------
        Path
            The folder.

        Raises
        ------
        CalibrationError
            The model has no promise.
        BundleError
            The folder cannot be made or written.
        """
        self.check_exportable()
        return write_bundle(Path(folder), self.graph.SerializeToString(deterministic=True), self.manifest)

    def check_exportable(self) -> None:
        """Refuse to let a model out that promises nothing.

        Raises
        ------
        CalibrationError
            It is a best effort.
        """
        if self.promise is None:
            raise CalibrationError(
                f"This model is a best effort and promises nothing: {too_few_words_of(self.calibration)} It scores, "
                "but can neither be exported nor registered.",
                hint="calibrate with a longer span or a larger false_alarm_rate.",
            )

    def check_registrable(self) -> None:
        """Refuse a model for the registry that promises nothing, or is known to break its promise.

        Raises
        ------
        CalibrationError
            It is a best effort, or falsified.
        """
        self.check_exportable()
        if self.certificate is not None and self.certificate.status == "falsified":
            raise CalibrationError(
                f"This model breaks its promise and cannot be registered: {self.certificate.sentence}",
                hint="calibrate on a span like the one it will see, or on more of it; or look whether the test windows "
                "were all normal.",
            )

    @cached_property
    def manifest(self) -> Manifest:
        """What the model says of itself."""
        found, learned = self.calibration, self.fitted.learned
        return Manifest(
            schema_version=SCHEMA_VERSION,
            detector=self.fitted.detector.kind,
            parameters=self.fitted.detector.parameters,
            feature_names=learned.feature_names,
            features_hash=features_hash(learned.feature_names),
            features=learned.described(),
            windows=dict(learned.recipe),
            alpha=found.alpha,
            delta=found.delta,
            n=found.size.n,
            n_eff=found.size.n_eff,
            k=found.promise.k if found.promise else 0,
            threshold=found.scores.threshold,
            exponent=found.scores.exponent,
            training={"n": learned.n, "start": learned.span[0], "end": learned.span[1]},
            calibration={"n": found.size.n, "start": found.span[0], "end": found.span[1]},
            entities=found.entities if len(found.entities) <= _LISTED else (),
            band_share=band_share(found.raw, found.scores.threshold, exact=self.fitted.exact),
            certificate=self.certificate.to_dict() if self.certificate else None,
            versions=_versions(),
        )

    @cached_property
    def graph(self) -> onnx.ModelProto:
        """The whole model as one ONNX graph, its manifest inside."""
        graph = calibrated_graph(self.fitted.raw_graph(), self.calibration.scores)
        helper.set_model_props(graph, self.manifest.to_metadata())
        onnx.checker.check_model(graph, full_check=True)
        return graph

    @cached_property
    def _scorer(self) -> OnnxScorer:
        return OnnxScorer(self.graph.SerializeToString(), "model")

    def __repr__(self) -> str:
        return self.explain_threshold()


def _versions() -> dict[str, str]:
    """The versions of the libraries that are installed: a forest needs no PyTorch."""
    found = {}
    for name in _LIBRARIES:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found
