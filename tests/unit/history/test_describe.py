"""A look at a history before it is believed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest

from alert_analytics.history import AlertHistory

DAY = datetime(2026, 1, 1)


def history(n: int = 0, *, every: timedelta = timedelta(hours=1, minutes=7), **columns: Any) -> AlertHistory:
    """`n` alerts at a steady pace, one in two resolved after five minutes, unless columns say otherwise."""
    fired = columns.pop("fired_at", [DAY + timedelta(minutes=3) + every * i for i in range(n)])
    given = {
        "fired_at": fired,
        "resolved_at": [time + timedelta(minutes=5) if i % 2 else None for i, time in enumerate(fired)],
        "rule": ["cpu"] * n,
        "service": ["db"] * n,
        "severity": ["high"] * n,
    }
    return AlertHistory.open(pl.DataFrame(given | columns))


def test_the_numbers() -> None:
    seen = history(10, service=["db"] * 6 + ["web"] * 2 + [None] * 2).describe()
    assert (seen.n_alerts, seen.n_open, seen.open_share) == (10, 5, 0.5)
    assert seen.suspicious == ()
    assert seen.thin_from is None
    assert seen.gaps.num_rows == 0
    assert seen.quarantined == {}
    assert seen.settings["span_start"] == DAY + timedelta(minutes=3)
    service = seen.to_polars().row(1, named=True)
    assert service == {
        "column": "service", "null_share": 0.2, "n_distinct": 2, "most_common": "db", "most_common_share": 0.6,
    }  # fmt: skip
    assert "50.0% of them open" in seen.sentence
    assert "nothing looks wrong" in seen.sentence


def test_nothing_to_describe() -> None:
    seen = history().describe()
    assert (seen.n_alerts, seen.open_share, seen.suspicious, seen.thin_from) == (0, None, (), None)
    assert seen.sentence == "No alert is in scope."


def gapped() -> AlertHistory:
    """Hourly alerts, but for 90 hours after the first 41."""
    return history(120, fired_at=[DAY + timedelta(hours=i + 90 * (i > 40), minutes=5) for i in range(120)])


FIRED = [DAY + timedelta(days=i) for i in range(20)]


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: history(4, fingerprint=["a", "a", "b", "b"], fired_at=[DAY] * 4), "2 rows repeat an alert"),
        (lambda: history(100, resolved_at=[DAY + timedelta(days=30)] * 100), "no alert is open: an export of closed"),
        (lambda: history(3, resolved_at=pl.Series([None] * 3, dtype=pl.Datetime)), "no alert is resolved: is res"),
        (lambda: history(4, resolved_at=[DAY + timedelta(minutes=3), None, None, None]), "25% of the alerts are re"),
        (lambda: history(20, fired_at=FIRED, resolved_at=[FIRED[-1]] * 20), "most alerts fire at midnight"),
        (lambda: history(20, fired_at=[time.replace(hour=5) for time in FIRED]), "fire on the full hour: times are"),
        (lambda: history(3, rule=[None] * 3), "no alert names a rule"),
        (lambda: history(4, service=[None] * 3 + ["a"]), "service is missing in 75%"),
        (lambda: history(4, severity=[None] * 3 + ["low"]), "severity is missing in 75%"),
        (lambda: history(10, severity=["?"] * 5 + ["low"] * 5), r"50\.0% of the rows were set aside; quarantine"),
        (lambda: gapped(), "nothing fired for 90 h from 2026-01-02 17:00:00: quiet, or not recorded?"),
    ],
)  # fmt: skip
def test_what_looks_wrong(made: Any, said: str) -> None:
    seen = made().describe()
    assert [what for what in seen.suspicious if pl.Series([what]).str.contains(said).item()], seen.suspicious
    assert "to look at" in seen.sentence
    assert f"look at: {seen.suspicious[0]}" in repr(seen)


def test_rows_of_a_table_without_identity_repeat_nothing() -> None:
    assert history(2, fired_at=[DAY, DAY], resolved_at=[None, DAY]).describe().suspicious == (
        "50% of the alerts are resolved in the instant they fired.",
    )


def test_an_export_that_was_cut_by_date() -> None:
    dense = [DAY + timedelta(hours=3 * i, minutes=1) for i in range(8 * 60)]
    late = [DAY + timedelta(days=80, minutes=1), DAY + timedelta(days=200, minutes=1)]
    table = pl.DataFrame({"fired_at": dense + late})
    seen = AlertHistory.open(table).describe()
    assert seen.thin_from == DAY + timedelta(days=60)
    assert any(what.startswith("only 2 alerts fired") and "until='2026-03-02'" in what for what in seen.suspicious)
    assert AlertHistory.open(table).where(until=seen.thin_from).describe().thin_from is None


def test_it_prints_a_table_and_escapes_it() -> None:
    seen = history(3, service=["<b>&x</b>"] * 3).describe()
    lines = repr(seen).splitlines()
    assert lines[0] == seen.sentence
    assert lines[2].split() == ["column", "missing", "distinct", "most", "common"]
    assert lines[4].split() == ["service", "0.0%", "1", "<b>&x</b>", "(100%)"]
    assert "<b>" not in seen._repr_html_()
    assert "&lt;b&gt;&amp;x&lt;/b&gt;" in seen._repr_html_()
    gap = gapped()
    assert "gap: 2026-01-02 17:00:00 to 2026-01-06 11:00:00 (90 h)" in repr(gap.describe())
