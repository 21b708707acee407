"""Benjamini-Hochberg by hand, against scipy, and with hypotheses that were never tested."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from alert_analytics.stats.multiple import ProbabilityError, benjamini_hochberg

PROBABILITIES = st.lists(st.floats(0, 1) | st.sampled_from([0.0, 0.01, 0.5, 1.0]), min_size=1, max_size=40)


@given(PROBABILITIES)
def test_equals_scipy(p: list[float]) -> None:
    np.testing.assert_allclose(benjamini_hochberg(p), false_discovery_control(p), rtol=1e-12)


@given(PROBABILITIES, st.integers(0, 50))
def test_untested_hypotheses_count_as_one(p: list[float], untested: int) -> None:
    padded = false_discovery_control([*p, *[1.0] * untested])[: len(p)]
    np.testing.assert_allclose(benjamini_hochberg(p, n_tests=len(p) + untested), padded, rtol=1e-12)


def test_nan_stays_and_does_not_count() -> None:
    q = benjamini_hochberg([0.02, np.nan, 0.01])
    np.testing.assert_allclose(q, [0.02, np.nan, 0.02])


def test_nothing_in_nothing_out() -> None:
    assert benjamini_hochberg([]).shape == (0,)
    assert np.isnan(benjamini_hochberg([np.nan])).all()


@given(PROBABILITIES)
def test_order_does_not_matter(p: list[float]) -> None:
    order = np.random.default_rng(len(p)).permutation(len(p))
    np.testing.assert_array_equal(benjamini_hochberg(p)[order], benjamini_hochberg(np.array(p)[order]))


def test_no_p_value_is_refused() -> None:
    with pytest.raises(ProbabilityError, match=r"found a p-value of 1\.5"):
        benjamini_hochberg([0.5, 1.5])


def test_more_tested_than_looked_at_is_refused() -> None:
    with pytest.raises(ProbabilityError, match=r"n_tests is 1, but 2"):
        benjamini_hochberg([0.5, 0.5], n_tests=1)
