"""A tenant's part of a store answers as a store that holds nothing but that tenant's rows."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import alert_analytics as aa

START = datetime(2025, 3, 3)
NAMES = ("acme", "Acme", "acme ", "o'neil", "x' OR '1'='1", "\x00", "-- $a\n", "ü", "u\u0308", "%", "a;b")
ROW = st.fixed_dictionaries(
    {
        "tenant_id": st.sampled_from(NAMES),
        "fingerprint": st.sampled_from("abc"),
        "rule": st.sampled_from(["cpu", "disk", "it's"]),
        "service": st.sampled_from(["db", "web", None]),
        "severity": st.sampled_from(["low", "high", "urgent", None]),
        "fired_at": st.integers(0, 300).map(lambda h: START + timedelta(hours=h)),
        "resolved_at": st.integers(0, 600).map(lambda h: START + timedelta(hours=h)) | st.none(),
        "labels": st.sampled_from(['{"a": "1"}', '{"b": "2"}', "{}", '{"x": 1, "x": 2}']),
    }
)


def _store(batches: list[list[dict[str, object]]], until: datetime | None) -> aa.AlertHistory:
    store = aa.AlertStore.open()
    for batch in batches:
        if batch:
            frame = pl.DataFrame(batch, schema_overrides={"service": pl.String, "severity": pl.String}).with_columns(
                pl.col("resolved_at").cast(pl.Datetime("us"))
            )
            store.ingest(frame.select(sorted(frame.columns)), complete_until=until)
    return store.history()


def _answers(history: aa.AlertHistory) -> dict[str, Any]:
    """Every question, its answer without the times of ingest and the places in the input."""
    description = history.describe()
    found: dict[str, Any] = {
        "alerts": sorted(history.to_polars().drop("ingested_at").rows(), key=repr),
        "sql": sorted(history.sql("SELECT * EXCLUDE (ingested_at) FROM alerts").rows(), key=repr),
        "refused": sorted((row["reason"], row["original"]) for row in history.quarantine().to_pylist()),
        "settings": history.settings,
        "described": repr(description),
    }
    by_service = history.where({"service": ["db", None]})
    for name, part in {"all": history, "db": by_service, "then": history.as_of(START + timedelta(hours=150))}.items():
        found |= {
            f"{name} trend": aa.TrendAnalysis.from_alerts(part, by="service").table.to_pylist(),
            f"{name} pairs": aa.CorrelationAnalysis.from_alerts(part).table.to_pylist(),
            f"{name} resolution": aa.ResolutionAnalysis.from_alerts(part, by="rule").table.to_pylist(),
            f"{name} recommendations": aa.Recommendations.from_alerts(part).table.to_pylist(),
            f"{name} watermark": (part.n_alerts, part.watermark, part.span),
        }
    return found


@pytest.mark.slow
@settings(max_examples=4, deadline=None, phases=[Phase.generate])
@given(st.lists(st.lists(ROW, max_size=12), min_size=1, max_size=3), st.booleans())
def test_a_tenants_part_is_a_store_of_its_own(batches: list[list[dict[str, object]]], complete: bool) -> None:
    until = START + timedelta(days=40) if complete else None
    whole = _store(batches, until)
    tenants = sorted({str(row["tenant_id"]) for batch in batches for row in batch})
    for tenant in tenants[:2]:
        alone = _store([[row for row in batch if row["tenant_id"] == tenant] for batch in batches], until)
        assert _answers(whole.tenant(tenant)) == _answers(alone.tenant(tenant))
        assert alone.n_alerts == whole.tenant(tenant).n_alerts
