from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA

from alert_analytics.detectors import PCADetector
from alert_analytics.detectors.reconstruction import Scaling, UsualErrors
from alert_analytics.errors import SettingsError
from tests.handmade import evenly

EIGHT = np.random.default_rng(0).normal(size=(300, 8)) * np.array([1, 1, 1, 0.5, 0.5, 0.2, 0.1, 0.1])
MIXED = EIGHT @ np.linalg.qr(np.random.default_rng(1).normal(size=(8, 8)))[0]


@pytest.mark.parametrize("variance", [0.3, 0.9, 0.99])
def test_the_raw_score_is_the_distance_from_scikit_learns_plane_by_the_usual_one(variance: float) -> None:
    fitted = PCADetector(variance=variance).fit(MIXED)
    features = MIXED.astype(np.float32)
    scaled = np.clip((features - np.median(features, axis=0)) / fitted.learned.spread, -5, 5).astype(np.float64)
    twin = PCA(n_components=variance, svd_solver="full").fit(scaled)
    assert len(fitted.plane.components) == twin.n_components_
    squared = (twin.inverse_transform(twin.transform(scaled)) - scaled) ** 2
    expected = (squared / (squared.mean(axis=0) + 1e-5)).mean(axis=1)
    np.testing.assert_allclose(fitted.raw_score(MIXED), expected, rtol=1e-5)


SIGNS = np.array([[one, two, three] for one in (-1, 1) for two in (-1, 1) for three in (-1, 1)], dtype=float)


@pytest.mark.parametrize(("variance", "n_kept"), [(0.3, 1), (0.49, 1), (0.51, 2), (0.74, 2), (0.76, 3)])
def test_the_fewest_components_that_keep_the_variance(variance: float, n_kept: int) -> None:
    # The last column twice, in other units: of the variance half is along it, a quarter along each other one.
    fitted = PCADetector(variance=variance).fit(np.hstack([SIGNS, 7 - 3 * SIGNS[:, 2:]]))
    assert len(fitted.plane.components) == n_kept


@pytest.mark.parametrize("variance", [0.9, 1.0])
def test_a_plane_never_goes_through_everything(variance: float) -> None:
    assert len(PCADetector(variance=variance).fit(SIGNS).plane.components) == 2


def test_a_single_feature_is_scored_by_its_distance_from_the_mean() -> None:
    values = evenly(200).reshape(-1, 1)
    fitted = PCADetector().fit(values)
    assert fitted.plane.components.shape == (0, 1)
    features = values.astype(np.float32)
    scaled = ((features - np.median(features)) / fitted.learned.spread).astype(np.float64)
    squared = (scaled - scaled.mean()) ** 2
    expected = squared[:, 0] / (squared.mean() + 1e-5)
    np.testing.assert_allclose(fitted.raw_score(values), expected, rtol=1e-6)


@pytest.mark.parametrize("noise", [1e-4, 1e-3, 1e-2, 1e-1])
def test_features_that_hang_together_closely_can_still_be_calibrated(noise: float) -> None:
    """In floats the distance was lost in rounding, and the graph disagreed with numpy by 1e-4."""
    rng = np.random.default_rng(0)
    close = rng.normal(size=(1400, 2)) @ rng.normal(size=(2, 30)) + noise * rng.normal(size=(1400, 30))
    fitted = PCADetector(variance=0.999 if noise < 0.1 else 0.9).fit(close[:400])
    model = fitted.calibrate(close[400:])
    raw = model.score(close).table["raw"].to_numpy()
    np.testing.assert_allclose(raw, fitted.raw_score(close), rtol=1e-10, atol=1e-11)


def test_scaling_is_about_the_centre_in_spreads_and_ends_at_five() -> None:
    scaling = Scaling(np.array([1, 0], dtype=np.float32), np.array([2, 1], dtype=np.float32))
    rows = np.array([[2, -3], [100, -np.inf], [np.inf, 4.5]], dtype=np.float32)
    assert scaling.apply(rows).tolist() == [[0.5, -3.0], [5.0, -5.0], [5.0, 4.5]]


def test_errors_count_in_units_of_the_usual_ones() -> None:
    errors = UsualErrors.of(np.array([[1.0, 0.0], [3.0, 0.0]]))
    assert errors.mean.tolist() == [2.0 + 1e-5, 1e-5]
    assert errors.score(np.array([[4.0 + 2e-5, 3e-5]])).tolist() == pytest.approx([2.5])


@pytest.mark.parametrize("variance", [0, -0.1, 95, float("nan")])
def test_a_share_of_variance_is_a_share(variance: float) -> None:
    with pytest.raises(SettingsError, match="variance="):
        PCADetector(variance=variance)
