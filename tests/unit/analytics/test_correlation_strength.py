from __future__ import annotations

import numpy as np
import pytest

from alert_analytics.analytics import correlation_strength
from alert_analytics.analytics.correlation_counts import Firings, compared_pairs
from alert_analytics.analytics.correlation_strength import PairStrengths, pair_strengths
from alert_analytics.analytics.correlation_topology import linked_scopes

HOUR, SPAN_US = 3_600_000_000, 200 * 86_400_000_000
CHAIN = {(0, 1): 0.8, (1, 2): 0.8}


def chain(seed: int = 0, n: int = 1500) -> Firings:
    """0 leads 1 leads 2, each after half a minute; 3 and 4 are noise."""
    rng = np.random.default_rng(seed)
    at = {0: np.sort(rng.integers(0, SPAN_US, n))}
    for (i, j), probability in CHAIN.items():
        at[j] = at[i][rng.random(at[i].size) < probability]
        at[j] = at[j] + (30_000_000 * rng.lognormal(0, 0.4, at[j].size)).astype(np.int64)
    at |= {k: rng.integers(0, SPAN_US, n) for k in (3, 4)}
    item = np.repeat(np.array(list(at), np.int32), [times.size for times in at.values()])
    time_us = np.minimum(np.concatenate(list(at.values())), SPAN_US)
    order = np.argsort(time_us, kind="stable")
    return Firings(np.zeros(item.size, np.int32), item[order], time_us[order], 5, 300_000_000)


def strengths(firings: Firings) -> tuple[dict[tuple[int, int], int], PairStrengths]:
    pairs = compared_pairs(firings, (0, SPAN_US))
    found = pair_strengths(firings.starts(), pairs, (0, SPAN_US), linked_scopes(None, (), 1))
    ends = zip(pairs.leader.tolist(), pairs.follower.tolist(), strict=True)
    return {pair: i for i, pair in enumerate(ends)}, found


@pytest.fixture(scope="module")
def whole() -> tuple[dict[tuple[int, int], int], PairStrengths]:
    return strengths(chain())


def test_who_merely_comes_along_is_given_little(whole: tuple[dict[tuple[int, int], int], PairStrengths]) -> None:
    row, found = whole
    starts = np.bincount(chain().starts().item)
    for pair in CHAIN:
        assert found.n_caused[row[pair]] == pytest.approx(0.97 * starts[pair[1]], rel=0.05)
        assert found.ebic_gain[row[pair]] > 1000
        assert found.strength[row[pair]] > 1.5
    # Two of three of 0's bursts are followed by 2 within the window, yet it is 1 that explains them.
    assert found.n_caused[row[0, 2]] < 0.02 * starts[2]
    assert found.ebic_gain[row[0, 2]] < 0
    assert found.strength[row[1, 0]] < -0.8
    assert (found.n_bursts, found.share_of_time) == (starts.sum(), 1.0)


def test_a_pair_without_excess_takes_no_part(whole: tuple[dict[tuple[int, int], int], PairStrengths]) -> None:
    row, found = whole
    noise = [row[pair] for pair in ((3, 4), (4, 3), (0, 3), (4, 1))]
    assert found.n_caused[noise].max() < 5
    assert found.n_caused[row[2, 0]] == 0
    assert found.ebic_gain[row[2, 0]] == pytest.approx(-np.log(np.bincount(chain().starts().item)[0]) - 2 * np.log(5))


@pytest.mark.parametrize("limit", ["MOST_BURSTS", "MOST_CANDIDATES"])
def test_a_long_history_is_sampled_by_blocks_of_time(
    limit: str, whole: tuple[dict[tuple[int, int], int], PairStrengths], monkeypatch: pytest.MonkeyPatch
) -> None:
    row, found = whole
    monkeypatch.setattr(correlation_strength, limit, 1000)
    _, sampled = strengths(chain())
    assert 0.05 < sampled.share_of_time < 0.6
    assert sampled.n_bursts == pytest.approx(found.n_bursts * sampled.share_of_time, rel=0.1)
    for pair in CHAIN:
        assert sampled.n_caused[row[pair]] == pytest.approx(found.n_caused[row[pair]], rel=0.15)
        assert sampled.strength[row[pair]] == pytest.approx(found.strength[row[pair]], abs=0.1)


def test_where_one_block_is_too_much_its_first_starts_stand_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(correlation_strength, "MOST_BURSTS", 2)
    _, sampled = strengths(chain())
    assert sampled.n_bursts == 2
    assert np.isnan(sampled.strength).any()  # some items have no burst there


def test_sampled_blocks_fall_in_step_with_no_day() -> None:
    blocks = np.arange(6 * 365)
    taken, share = correlation_strength._few_blocks(np.ones(blocks.size, np.int64), blocks, 500)
    assert share == pytest.approx(500 / blocks.size)
    for cycle in (6, 42):  # blocks of 4 h in a day, in a week
        n = np.bincount(blocks[taken] % cycle, minlength=cycle)
        assert n.max() - n.min() <= 0.2 * 500 / 6


def test_the_order_of_simultaneous_alerts_changes_nothing() -> None:
    rng = np.random.default_rng(4)
    item, time_us = rng.integers(0, 5, 3000).astype(np.int32), np.sort(rng.integers(0, 2000, 3000)) * 100_000_000
    scope = np.zeros(item.size, np.int32)
    there = np.lexsort((-item, time_us))
    here, other = (strengths(Firings(scope, item[o], time_us[o], 5, 300_000_000)) for o in (np.arange(3000), there))
    assert here[0] == other[0]
    for name in ("n_caused", "strength", "ebic_gain", "kernel"):
        assert getattr(here[1], name).tolist() == getattr(other[1], name).tolist()
