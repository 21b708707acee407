"""Principal components: the plain baseline. Windows off the plane that normal ones lie near are anomalous."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import onnx

from alert_analytics.detectors.base import Detector, Features, FittedDetector, Floats, Learned
from alert_analytics.detectors.reconstruction import Scaling, UsualErrors, reconstruction_graph
from alert_analytics.errors import SettingsError


@dataclass(frozen=True)
class PCADetector(Detector):
    """Reconstruction error of a linear projection: what any deeper model has to beat.

    Parameters
    ----------
    variance : float
        The fewest components that keep this share of the variance, in (0, 1], but one fewer than there are features:
        off a plane through everything there is nothing.

    Examples
    --------
    >>> import numpy as np
    >>> along = np.random.default_rng(0).normal(size=(500, 1))
    >>> fitted = PCADetector().fit(np.hstack([along, 2 * along, -along]))
    >>> usual, odd = fitted.raw_score([[1.0, 2.0, -1.0], [1.0, 2.0, 1.0]])
    >>> bool(odd > usual)
    True
    """

    kind: ClassVar[str] = "pca"
    variance: float = 0.9

    def __post_init__(self) -> None:
        """Refuse what is no share."""
        super().__post_init__()
        if not 0 < self.variance <= 1:
            raise SettingsError(
                f"variance={self.variance!r}; expected a share of it, above 0 and at most 1.", hint="0.9"
            )

    def fit(self, windows: Any) -> FittedPCA:
        """Find the components; see :meth:`Detector.fit`."""
        learned, filled = Learned.of(windows)
        scaling = Scaling(learned.medians, learned.spread)
        scaled = scaling.apply(filled).astype(np.float64)
        centre = scaled.mean(axis=0)
        _, power, directions = np.linalg.svd(scaled - centre, full_matrices=False)
        kept = np.cumsum(power**2)
        count = int(np.searchsorted(kept, self.variance * kept[-1])) + 1 if kept[-1] > 0 else 0
        components = directions[: min(count, scaled.shape[1] - 1)]
        plane = Plane(centre, components)
        errors = UsualErrors.of(plane.errors(scaling.apply(filled)))
        return FittedPCA(self, learned, scaling, plane, errors)


@dataclass(frozen=True, eq=False)
class Plane:
    """The plane through `centre` along `components`.

    Attributes
    ----------
    centre : numpy.ndarray of float64, shape (d,)
        Mean of the scaled training windows.
    components : numpy.ndarray of float64, shape (k, d)
        Orthonormal rows.
    """

    centre: Floats
    components: Floats

    def errors(self, scaled: Features) -> Floats:
        """Squared distance from the plane, per feature.

        In doubles: where features hang together closely, the distance is a small difference of large numbers.
        """
        moved = scaled.astype(np.float64) - self.centre
        return np.square(moved @ self.components.T @ self.components - moved)


@dataclass(frozen=True, eq=False, repr=False)
class FittedPCA(FittedDetector):
    """A plane. Its raw score is the mean over features of the squared distance from it, in units of the usual one."""

    scaling: Scaling
    plane: Plane
    errors: UsualErrors

    def _scored(self, filled: Features) -> Floats:
        return self.errors.score(self.plane.errors(self.scaling.apply(filled)))

    def raw_graph(self) -> onnx.ModelProto:
        """Onto the plane and back, in two products."""
        layers = [
            (self.plane.components.T, -self.plane.centre @ self.plane.components.T, False),
            (self.plane.components, self.plane.centre, False),
        ]
        return reconstruction_graph("pca", self.learned, self.scaling, layers, self.errors)
