"""The log-rank test by hand, and at its edges."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from alert_analytics.stats.log_rank import GroupError, log_rank


def test_two_groups_by_hand() -> None:
    # At 1: one of two, one of four at risk. At 2: of two at risk in group 1. Then one is left.
    found = log_rank([1.0, 3.0, 2.0, 2.0], [True, True, True, False], [0, 0, 1, 1])
    expected = 2 / 4 + 1 / 3 + 1.0
    variance = 1 / 4 + (1 / 3) * (2 / 3)
    assert found.observed_minus_expected[0] == pytest.approx(2 - expected)
    assert found.observed_minus_expected.sum() == pytest.approx(0, abs=1e-12)
    assert found.chi2 == pytest.approx((2 - expected) ** 2 / variance)
    assert found.p_value == pytest.approx(stats.chi2.sf(found.chi2, 1))
    assert (found.df, found.n_clusters) == (1, None)


def test_row_order_does_not_matter() -> None:
    rng = np.random.default_rng(0)
    durations, resolved = np.round(rng.exponential(9, 50)), rng.random(50) < 0.6
    group, cluster = np.arange(50) % 3, np.arange(50) // 5
    order = rng.permutation(50)
    here = log_rank(durations, resolved, group, cluster=cluster)
    there = log_rank(durations[order], resolved[order], group[order], cluster=cluster[order])
    assert here.chi2 == pytest.approx(there.chi2, rel=1e-9)
    assert here.df == 2


def test_a_cluster_of_each_alone_is_close_to_plain() -> None:
    rng = np.random.default_rng(1)
    durations, resolved, group = rng.exponential(9, 4000), rng.random(4000) < 0.6, np.arange(4000) % 2
    plain = log_rank(durations, resolved, group)
    robust = log_rank(durations, resolved, group, cluster=np.arange(4000))
    assert robust.chi2 == pytest.approx(plain.chi2, rel=0.05)
    assert robust.n_clusters == pytest.approx(4000)


def test_copies_of_alerts_are_no_new_facts() -> None:
    rng = np.random.default_rng(4)
    durations, group = rng.exponential(9, 300), np.arange(300) % 2
    once = log_rank(durations, np.ones(300), group, cluster=np.arange(300))
    tenfold = log_rank(
        np.repeat(durations, 10), np.ones(3000), np.repeat(group, 10), cluster=np.repeat(np.arange(300), 10)
    )
    assert tenfold.chi2 == pytest.approx(once.chi2, rel=0.1)
    assert log_rank(np.repeat(durations, 10), np.ones(3000), np.repeat(group, 10)).chi2 > 5 * once.chi2


def test_nothing_resolved_says_nothing() -> None:
    found = log_rank([1.0, 2.0], [False, False], [0, 1])
    assert np.isnan(found.chi2)
    assert np.isnan(found.p_value)
    assert found.df == 0


def test_one_cluster_says_nothing() -> None:
    found = log_rank([1.0, 2.0, 3.0], [True, True, True], [0, 1, 0], cluster=[0, 0, 0])
    assert np.isnan(found.p_value)


@pytest.mark.parametrize("group", [[0, 0], [1, 1], [0, 2], []])
def test_one_group_is_no_comparison(group: list[int]) -> None:
    with pytest.raises(GroupError, match="expected at least 0 and 1"):
        log_rank([1.0] * len(group), [True] * len(group), group)
