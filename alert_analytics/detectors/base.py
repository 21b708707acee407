"""What every detector is before and after it has learned: a rule to train by, and a raw score with its graph."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from alert_analytics.errors import FeatureMismatchError, SettingsError, WindowsError
from alert_analytics.tables import counted
from alert_analytics.windows import Feature, Windows, as_windows, plain_span

if TYPE_CHECKING:
    import onnx

    from alert_analytics.calibration import CalibratedModel

Floats = npt.NDArray[np.float64]
Features = npt.NDArray[np.float32]

_CALIBRATED = {"score", "export", "certify", "threshold"}
_FEWEST = 2  # windows: below that there is nothing to learn
_PER_SD = 1.349  # interquartile ranges of a normal law
_ROUNDING = 1e-6  # of a float32


@dataclass(frozen=True)
class Detector(ABC):
    """A rule to train by: its fields are its hyper-parameters."""

    kind: ClassVar[str]
    """As a model's manifest names it."""

    def __post_init__(self) -> None:
        """Refuse hyper-parameters that nothing can be trained by: what is whole by default is a whole number.

        Raises
        ------
        SettingsError
            There is one.
        """
        for one in fields(self):
            value, is_whole = getattr(self, one.name), isinstance(one.default, int)
            least = 0 if one.name == "seed" or not is_whole else 1
            is_number = isinstance(value, Integral if is_whole else Real) and not isinstance(value, bool)
            if not is_number or not least <= value < np.inf:
                raise SettingsError(
                    f"{one.name}={value!r}; expected a {'whole ' if is_whole else ''}number, at least {least}."
                )

    @abstractmethod
    def fit(self, windows: Any) -> FittedDetector:
        """Learn what is normal.

        Parameters
        ----------
        windows : Windows, or matrix-like of shape (n, d)
            Taken as mostly normal; labels are not looked at.

        Returns
        -------
        FittedDetector
            Scores, but promises nothing yet.

        Raises
        ------
        WindowsError
            Fewer than two windows, no feature, an infinity, or a feature without any value.
        """

    @property
    def parameters(self) -> dict[str, object]:
        """The hyper-parameters by name, in plain values: numpy's numbers are none to JSON."""
        return {name: value.item() if isinstance(value, np.generic) else value for name, value in asdict(self).items()}


@dataclass(frozen=True, eq=False)
class Learned:
    """What a fitted detector knows of its training windows, whatever its kind.

    Attributes
    ----------
    schema : tuple of Feature
        The features, in order.
    medians : numpy.ndarray of float32, shape (d,)
        What stands in for a missing value.
    spread : numpy.ndarray of float32, shape (d,)
        What a feature's distance from its median is measured in; see :func:`spread_of`.
    n : int
        Windows learned from; those without any value teach nothing and are left out.
    span : tuple
        Start of the first and end of the last: times in ISO 8601, or steps.
    recipe : mapping
        How such windows are made.
    """

    schema: tuple[Feature, ...]
    medians: Features
    spread: Features
    n: int
    span: tuple[str | int | None, str | int | None]
    recipe: Mapping[str, object]

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The names, in order."""
        return tuple(feature.name for feature in self.schema)

    def described(self) -> tuple[dict[str, Any], ...]:
        """Each feature with its unit, formula, median and spread, in plain values."""
        columns = zip(self.schema, self.medians.tolist(), self.spread.tolist(), strict=True)
        return tuple(asdict(one) | {"median": median, "spread": spread} for one, median, spread in columns)

    @classmethod
    def of(cls, windows: Any) -> tuple[Learned, Features]:
        """Look the training windows over; give the facts, and the features with missing values filled.

        They come in order of time and entity, so that what is learned does not depend on the order of the rows, and the
        last ones are the latest of all entities.

        Raises
        ------
        WindowsError
            They cannot be trained on.
        """
        given = as_windows(windows)
        _refuse_infinite(given)
        given = given.select(np.lexsort((given.entity.astype(str), given.window_end)))
        features = given.features
        has_value = ~np.isnan(features).all(axis=1)
        n = int(np.count_nonzero(has_value))
        if n < _FEWEST:
            valued = "" if n == len(given) or not features.shape[1] else f", {n:,} with a value"
            raise WindowsError(
                f"fit: {counted(len(given), 'window')} of {counted(features.shape[1], 'feature')}{valued}; expected at "
                f"least {_FEWEST} of one or more.",
                hint="a longer history, a smaller `every`, or fewer columns to split by.",
            )
        blank = np.flatnonzero(np.isnan(features).all(axis=0))
        if blank.size:
            names = ", ".join(given.feature_names[j] for j in blank[:8])
            raise WindowsError(
                f"fit: {counted(blank.size, 'feature')} without any value: {names}.",
                hint="leave it out: windows.with_features(names); what was never seen cannot be learned.",
            )
        features = features[has_value]
        # In doubles: the mean of two large floats is beyond a float on its way.
        medians = np.nanmedian(features.astype(np.float64), axis=0).astype(np.float32)
        filled = np.where(np.isnan(features), medians, features)
        return cls(given.schema, medians, spread_of(filled), n, plain_span(given), given.recipe), filled


@dataclass(frozen=True, eq=False, repr=False)
class FittedDetector(ABC):
    """A detector that has learned: gives raw scores and their graph, and no promise before :meth:`calibrate`.

    Attributes
    ----------
    detector : Detector
        The rule it was trained by.
    learned : Learned
        What it knows of its training windows.
    """

    detector: Detector
    learned: Learned
    exact: ClassVar[bool] = False
    """Whether the raw score is the same in every batch and runtime, to the last few bits of a double."""

    @abstractmethod
    def raw_graph(self) -> onnx.ModelProto:
        """The raw score as an ONNX graph: ``features`` float32 [N, d] to ``raw`` [N]."""

    @abstractmethod
    def _scored(self, filled: Features) -> Floats:
        """Raw scores of rows without a missing value, in the library the detector was trained with."""

    def raw_score(self, windows: Any) -> Floats:
        """Score windows: higher is more anomalous, and nothing is promised of how high.

        Parameters
        ----------
        windows : Windows, or matrix-like of shape (n, d)
            With the features trained on, in their order.

        Returns
        -------
        numpy.ndarray of float64, shape (n,)
            By the library that trained, not by the graph; NaN for a row whose every value is missing.

        Raises
        ------
        FeatureMismatchError
            Other features, or another order.
        """
        given = as_windows(windows)
        self.check(given)
        is_missing = np.isnan(given.features)
        filled = np.where(is_missing, self.learned.medians, given.features)
        scores = self._scored(filled) if len(given) else np.empty(0)
        return np.where(is_missing.all(axis=1), np.nan, scores)

    def __getattr__(self, name: str) -> object:
        """Say what is missing to somebody who asks too early for what only a calibrated model can do."""
        hint = f"; {name}() is a calibrated model's: .calibrate(calibration) first" if name in _CALIBRATED else ""
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}{hint}.")

    def calibrate(
        self,
        windows: Any,
        *,
        false_alarm_rate: float = 0.01,
        delta: float = 0.05,
        best_effort: bool = False,
    ) -> CalibratedModel:
        """Find the raw score at which 0.85 stands, so that it keeps a promise.

        With probability at least ``1 - delta`` over calibration samples, a new normal window like those of the
        calibration span reaches 0.85 with probability at most `false_alarm_rate`.

        Parameters
        ----------
        windows : Windows, or matrix-like of shape (n, d)
            Later than those trained on, and taken as normal: an anomaly among them raises the cut. Where they
            are labelled, those that hold a labelled row are left out. A matrix is taken in the order of its rows.
        false_alarm_rate : float
            alpha, in (0, 1).
        delta : float
            How often a calibration may break the promise, in (0, 1).
        best_effort : bool
            With too few windows, return a model without a promise, which scores and can neither be exported nor
            registered, instead of raising.

        Returns
        -------
        CalibratedModel
            Scores with the graph that will be exported.

        Raises
        ------
        CalibrationError
            Too few effective windows; the message says how many are needed.
        FeatureMismatchError
            Other features than those trained on.
        """
        from alert_analytics.calibration import calibrate

        return calibrate(self, windows, false_alarm_rate=false_alarm_rate, delta=delta, best_effort=best_effort)

    def check(self, windows: Windows) -> None:
        """Refuse windows with other features than those trained on, or in another order.

        Raises
        ------
        FeatureMismatchError
            They have.
        """
        expected, found = self.learned.feature_names, windows.feature_names
        unnamed = windows.recipe.get("kind") == "matrix" and found == tuple(f"f{j}" for j in range(len(found)))
        unnamed = unnamed and set(found).isdisjoint(expected)
        if len(found) != len(expected) or (found != expected and not unnamed):
            raise FeatureMismatchError.between(expected, found)

    def __repr__(self) -> str:
        given = ", ".join(f"{name}={value!r}" for name, value in self.detector.parameters.items())
        return (
            f"<{type(self).__name__}({given}) trained on {counted(self.learned.n, 'window')} of "
            f"{counted(len(self.learned.schema), 'feature')}; no promise before .calibrate()>"
        )


def spread_of(filled: Features) -> Features:
    """How far features usually stray from their median.

    Parameters
    ----------
    filled : numpy.ndarray of float32, shape (n, d)
        Without a missing value.

    Returns
    -------
    numpy.ndarray of float32, shape (d,)
        The larger of the interquartile range over 1.349 and the standard deviation, since many a metric stands still
        for more than half of the time; 1 for a feature that never moves.
    """
    low, centre, high = np.quantile(filled.astype(np.float64), [0.25, 0.5, 0.75], axis=0)
    spread = np.maximum((high - low) / _PER_SD, filled.std(axis=0, dtype=np.float64))
    still = spread <= _ROUNDING * np.maximum(_ROUNDING, np.abs(centre))  # what rounding leaves of a constant
    return np.where(still, 1.0, np.minimum(spread, np.finfo(np.float32).max)).astype(np.float32)


def _refuse_infinite(windows: Windows) -> None:
    infinite = np.isinf(windows.features)
    if not infinite.any():
        return
    row, column = (int(place[0]) for place in np.nonzero(infinite))
    raise WindowsError(
        f"fit: {counted(int(infinite.any(axis=1).sum()), 'window')} with an infinity (first: row {row}, "
        f"{windows.feature_names[column]}).",
        hint="nothing can be learned from it; put NaN where a value is not known.",
    )
