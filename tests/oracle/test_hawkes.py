"""The sweep for candidates against a double loop, and the EM against plain Python."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alert_analytics.engine.kernels import candidates as kernel
from alert_analytics.engine.kernels.bursts import burst_starts
from alert_analytics.engine.kernels.candidates import Leaders, Links, Sweep
from alert_analytics.engine.kernels.hawkes import attribute

N_ITEMS, N_SCOPES, WINDOW = 4, 3, 10
EDGES = [0, 1, 4, WINDOW]
SPAN_S = 180e-6
Row = tuple[int, int, int]  # scope, item, time
Found = list[tuple[int, int, int, int]]  # hop, leader, bin, of the candidates of one start

histories = st.lists(
    st.tuples(st.integers(0, N_SCOPES - 1), st.integers(0, N_ITEMS - 1), st.integers(0, 120)), max_size=50
)
topologies = st.sets(st.sampled_from([(0, 1), (0, 2), (1, 2)]))
allowed_pairs = st.sets(st.tuples(st.integers(0, N_ITEMS - 1), st.integers(0, N_ITEMS - 1)))


def starts_of(rows: list[Row]) -> list[Row]:
    rows = sorted(rows, key=lambda row: (row[0], row[2]))
    if not rows:
        return []
    scope, item, time = (np.array(column) for column in zip(*rows, strict=True))
    kept = burst_starts(scope.astype(np.int32), item.astype(np.int32), time, n_items=N_ITEMS, window_us=WINDOW)
    return [row for row, yes in zip(rows, kept, strict=True) if yes]


def sweep_of(starts: list[Row], linked: set[tuple[int, int]], allowed: set[tuple[int, int]]) -> Sweep:
    columns = list(zip(*starts, strict=True)) if starts else [(), (), ()]
    both = sorted(linked | {(b, a) for a, b in linked})
    by_follower = sorted((follower, leader) for leader, follower in allowed)
    return Sweep(
        np.array(columns[0], np.int32),
        np.array(columns[1], np.int32),
        np.array(columns[2], np.int64),
        Leaders(
            np.searchsorted([f for f, _ in by_follower], np.arange(N_ITEMS + 1)),
            np.array([leader for _, leader in by_follower], np.int32),
        ),
        Links(np.searchsorted([a for a, _ in both], np.arange(N_SCOPES + 1)), np.array([b for _, b in both], np.int32)),
        np.array(EDGES, np.int64),
    )


def naive_candidates(starts: list[Row], linked: set[tuple[int, int]], allowed: set[tuple[int, int]]) -> list[Found]:
    found: list[Found] = []
    for scope, item, time in starts:
        mine = []
        for other, leader, before in starts:
            near = 0 if other == scope else 1 if (min(scope, other), max(scope, other)) in linked else None
            if near is None or not 0 < time - before <= WINDOW or (near == 0 and leader == item):
                continue
            if (leader, item) in allowed:
                mine.append((near, leader, next(b for b in range(3) if time - before <= EDGES[b + 1])))
        found.append(sorted((hop, leader, item, b) for hop, leader, b in mine))
    return found


def read_back(sweep: Sweep, counts: np.ndarray) -> list[Found]:
    found = sweep.candidates(counts)
    n_rows = sweep.leaders.item.size
    follower = np.repeat(np.arange(N_ITEMS), np.diff(sweep.leaders.first))
    said = []
    for p in range(sweep.item.size):
        here = slice(found.first[p], found.first[p + 1])
        rows = zip(found.pair[here].tolist(), found.lag_bin[here].tolist(), strict=True)
        said.append(
            sorted((r // n_rows, int(sweep.leaders.item[r % n_rows]), int(follower[r % n_rows]), b) for r, b in rows)
        )
    return said


@given(histories, topologies, allowed_pairs)
@settings(max_examples=150, deadline=None)
def test_candidates_are_those_of_a_double_loop(
    rows: list[Row], linked: set[tuple[int, int]], allowed: set[tuple[int, int]]
) -> None:
    starts = starts_of(rows)
    sweep = sweep_of(starts, linked, allowed)
    wanted = naive_candidates(starts, linked, allowed)
    counts = sweep.counts(np.ones(len(starts), dtype=np.bool_))
    assert counts.tolist() == [len(found) for found in wanted]
    assert read_back(sweep, counts) == wanted
    some = np.arange(len(starts)) % 2 == 0  # what is not wanted has none itself, but still leads
    assert sweep.counts(some).tolist() == np.where(some, counts, 0).tolist()
    assert read_back(sweep, np.where(some, counts, 0)) == [
        w if yes else [] for w, yes in zip(wanted, some, strict=True)
    ]


def test_in_a_storm_the_latest_are_candidates() -> None:
    n = kernel.MOST_IN_A_SCOPE + 40
    item = np.arange(n + 1, dtype=np.int32)
    every = Leaders(np.minimum(np.arange(n + 2), n) * 0, np.arange(n, dtype=np.int32))
    every.first[-1] = n  # all lead the last
    alone = Links(np.zeros(2, np.int64), np.zeros(0, np.int32))
    sweep = Sweep(np.zeros(n + 1, np.int32), item, np.arange(n + 1), every, alone, np.array([0, 10_000]))
    counts = sweep.counts(np.ones(n + 1, dtype=np.bool_))
    assert counts.tolist() == [0] * n + [kernel.MOST_IN_A_SCOPE]
    assert sweep.candidates(counts).pair.tolist() == list(range(n - 1, 39, -1))


def plain_em(
    starts: list[tuple[int, int, list[tuple[int, int]]]],  # background, scope, candidates (pair, bin)
    exposure: list[float],
    width_s: list[float],
    n_backgrounds: int,
    n_iterations: int,
) -> dict[str, list[float]]:
    """Do the same with lists and loops, straight from the formulas."""
    n_pairs, n_bins = len(exposure), len(width_s)
    alpha = [0.0] * n_pairs
    for _, _, found in starts:
        for pair, _ in found:
            alpha[pair] += 0.1 / exposure[pair]
    g = [1.0 / sum(width_s)] * n_bins
    mu = [0.0] * n_backgrounds
    for background, _, found in starts:
        mu[background] += (0.5 if found else 1.0) / SPAN_S
    caused, own = [0.0] * n_pairs, [0.0] * n_backgrounds
    for _ in range(n_iterations):
        caused, own, in_bin = [0.0] * n_pairs, [0.0] * n_backgrounds, [0.0] * n_bins
        for background, _, found in starts:
            weights = [alpha[pair] * g[b] for pair, b in found]
            total = mu[background] + sum(weights)
            own[background] += mu[background] / total
            for (pair, b), weight in zip(found, weights, strict=True):
                caused[pair] += weight / total
                in_bin[b] += weight / total
        alpha = [c / e for c, e in zip(caused, exposure, strict=True)]
        g = [c / (sum(in_bin) or 1.0) / w for c, w in zip(in_bin, width_s, strict=True)]
        mu = [c / SPAN_S for c in own]
    shares = [
        (scope, pair, alpha[pair] * g[b] / total, total)
        for background, scope, found in starts
        for total in [mu[background] + sum(alpha[p] * g[c] for p, c in found)]
        for pair, b in found
    ]
    gain = [-c for c in caused]
    for scope, pair, share, total in shares:
        raised = sum(s for v, p, s, _ in shares if (v, p) == (scope, pair)) / SPAN_S / total
        gain[pair] += raised - math.log(max(1.0 - share + raised, 1e-300))
    return {"n_caused": caused, "gain": gain, "lag_share": [a * w for a, w in zip(g, width_s, strict=True)],
            "n_background": own}  # fmt: skip


@given(histories, topologies, st.integers(1, 12))
@settings(max_examples=100, deadline=None)
def test_the_em_is_that_of_plain_python(rows: list[Row], linked: set[tuple[int, int]], n_iterations: int) -> None:
    starts = starts_of(rows)
    sweep = sweep_of(starts, linked, {(i, j) for i in range(N_ITEMS) for j in range(N_ITEMS)})
    counts = sweep.counts(np.ones(len(starts), dtype=np.bool_))
    found = sweep.candidates(counts)
    n_pairs, explained = 2 * N_ITEMS**2, counts > 0
    exposure = 1.0 + np.arange(n_pairs) % 7
    width_s = np.diff(EDGES) / 1e6
    background = sweep.scope * N_ITEMS + sweep.item
    fitted = attribute(
        np.concatenate([[0], np.cumsum(counts[explained])]), found.pair, found.lag_bin,
        background=background[explained], scope=sweep.scope[explained], exposure=exposure, bin_width_s=width_s,
        n_alone=np.bincount(background[~explained], minlength=N_ITEMS * N_SCOPES).astype(float), span_s=SPAN_S,
        n_iterations=n_iterations,
    )  # fmt: skip
    lists = [
        list(zip(*(column[found.first[p] : found.first[p + 1]].tolist() for column in (found.pair, found.lag_bin)),
                 strict=True))
        for p in range(len(starts))
    ]  # fmt: skip
    wanted = plain_em(
        list(zip(background.tolist(), sweep.scope.tolist(), lists, strict=True)), exposure.tolist(), width_s.tolist(),
        N_ITEMS * N_SCOPES, n_iterations,
    )  # fmt: skip
    for name, values in wanted.items():
        np.testing.assert_allclose(getattr(fitted, name), values, rtol=1e-9, atol=1e-9, err_msg=name)
    # Each start is shared out whole.
    assert fitted.n_caused.sum() + fitted.n_background.sum() == pytest.approx(len(starts))
