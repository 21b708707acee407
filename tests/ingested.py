"""What a store holds after it has ingested inputs, as plain Python."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa

from alert_analytics import AlertStore
from alert_analytics.history import Source


def alerts_after(source: Source, *inputs: Any, as_of: datetime | None = None) -> list[dict[str, Any]]:
    """The alerts of a new store, in order of their beginning, without what is null; nothing may be set aside."""
    with AlertStore.open() as store:
        for given in inputs:
            report = store.ingest(given, source=source)
            assert report.n_quarantined == 0, store.history().quarantine().to_pylist()[:3]
        history = store.history() if as_of is None else store.history().as_of(as_of)
        rows = pa.table(history).to_pylist(maps_as_pydicts="strict")
    return sorted(rows, key=lambda row: (row["fired_at"], row["fingerprint"]))


def mixed_up(payloads: Sequence[Any], seed: int) -> list[list[Any]]:
    """The same payloads in another order, some of them twice, in three parts."""
    chance = random.Random(seed)
    mixed = [*payloads, *chance.sample(list(payloads), len(payloads) // 3)]
    chance.shuffle(mixed)
    first, second = sorted(chance.sample(range(len(mixed)), 2))
    return [part for part in (mixed[:first], mixed[first:second], mixed[second:]) if part]
