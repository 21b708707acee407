"""kill -9 at any moment of an ingest: the store opens, and holds what it held before or after it, never half."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from pathlib import Path

import pytest

from alert_analytics.history import AlertStore
from tests.killed import Content, Order, Zygote, content, ingest, work, zygote

N_KILLS = 200
N_LARGE = 30  # of them while a file is ingested that does not fit the write-ahead log


def undisturbed(folder: Path, *, is_large: bool) -> list[Content]:
    """What the store holds before the first batch, and after each; its file is kept at every stage."""
    path, seen = folder / "whole.duckdb", []
    for batch in [None, *work(path, is_large=is_large)]:
        with AlertStore.open(path) as store:
            if batch is not None:
                ingest(store, batch)
            seen.append(content(store))
        shutil.copy(path, folder / f"stage {len(seen) - 1}.duckdb")
    return seen


def killed_once(started: Zygote, order: Order, states: list[Content]) -> str:
    """Kill a run, and look at what is left; then run everything again."""
    path = Path(order.path)
    shutil.copy(path.with_name(f"stage {order.first}.duckdb"), path)
    fate = started.run(order)
    assert fate.how != "failed"
    with AlertStore.open(path) as store:
        left = content(store)
        # An ingest that was over is there; of one that had begun nothing or all.
        assert left in states[fate.ended : fate.began + 1], (order, fate)
        for batch in work(path, is_large=order.is_large):
            ingest(store, batch)
        assert content(store).tables == states[-1].tables, (order, fate)
    return f"{fate.how}, {'after' if left == states[fate.began] else 'before'}"


@pytest.mark.slow
@pytest.mark.parametrize(("is_large", "n_kills"), [(False, N_KILLS - N_LARGE), (True, N_LARGE)])
def test_kills_at_random_moments(is_large: bool, n_kills: int, tmp_path: Path) -> None:
    states = undisturbed(tmp_path, is_large=is_large)
    last, drawn, fates = len(states) - 2, random.Random(1), Counter[str]()
    path = str(tmp_path / "killed.duckdb")
    with zygote() as started:
        runs = [started.run(Order(str(tmp_path / f"{n}.duckdb"), 0, last, is_large)).lasted for n in range(3)]
        lasted = [sorted(times)[1] for times in zip(*runs, strict=True)]
        for _ in range(n_kills):
            batch = 2 if is_large else drawn.randint(0, last)
            first = max(batch - drawn.randint(0, 1), 0)  # with an ingest before it, which the log alone holds
            seconds = drawn.uniform(0, 1.2) * lasted[batch]
            order = Order(path, first, min(batch + 1, last), is_large, batch, seconds)
            fates[killed_once(started, order, states)] += 1
    n_inside = sum(count for fate, count in fates.items() if fate.startswith("killed inside"))
    print(f"{n_kills} runs: {dict(fates)}; undisturbed the batches took {[round(one, 3) for one in lasted]} s")
    assert n_inside >= 0.6 * n_kills, fates
