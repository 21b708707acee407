"""Times to resolve on a real ticket log, as of two days: what people compute, what we say, what later came true.

``python -m benchmarks.resolution_servicenow .../incident_event_log.csv.gz`` prints a Markdown table. The log is cut at
a moment; of the incidents known by then the times to resolve are estimated from the resolved alone and by Kaplan and
Meier, and both are held against the times that the whole log tells of the same incidents.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from alert_analytics.analytics import ResolutionAnalysis
from alert_analytics.history import AlertHistory, AlertStore

CUTS = (datetime(2016, 3, 15), datetime(2016, 4, 1))
SHARES = (0.5, 0.9)


@dataclass(frozen=True)
class Compared:
    """A quantile as of a moment, in hours."""

    cut: datetime
    n_alerts: int
    open_share: float
    q: float
    resolved_only: float
    ours: float
    low: float
    high: float
    later: float


def compared(history: AlertHistory, cut: datetime) -> Iterator[Compared]:
    """Estimate the quantiles as of the cut, and look up what became of the same incidents."""
    then = history.as_of(cut)
    known = then.to_polars()["fingerprint"].to_list()
    analysis = ResolutionAnalysis.from_alerts(then)
    [row], [group] = analysis.table.to_pylist(), analysis.groups
    [whole] = ResolutionAnalysis.from_alerts(history.where({"fingerprint": known}, until=cut)).groups
    for q in SHARES:
        [ours] = analysis.quantile(q).to_pylist()
        naive = np.quantile(group.duration_s[group.resolved], q, method="inverted_cdf")
        numbers = (naive, ours["quantile_s"], ours["low_s"], ours["high_s"], whole.quantile(q).value_s)
        hours = [float("nan") if one is None else float(one) / 3600 for one in numbers]
        yield Compared(cut, row["n_alerts"], row["n_open"] / row["n_alerts"], q, *hours)


def markdown(rows: list[Compared]) -> Iterator[str]:
    """Write the comparison as lines of a Markdown table."""
    yield "| as of | incidents | open | | resolved only, h | ours, h | 95 % interval, h | later true, h |"
    yield "|---|---:|---:|---|---:|---:|---:|---:|"
    for r in rows:
        name = "median" if r.q == 0.5 else f"{r.q:.0%} quantile"
        interval = "not known yet" if r.low != r.low else f"{r.low:.2f} to {r.high:.2f}"
        known = f"{r.cut:%Y-%m-%d} | {r.n_alerts:,} | {r.open_share:.1%} | {name}"
        ours = "more than was seen" if r.ours != r.ours else f"{r.ours:.2f}"
        yield f"| {known} | {r.resolved_only:.2f} | {ours} | {interval} | {r.later:.2f} |"


def main(path: str) -> None:
    """Print the table for a log."""
    with AlertStore.open() as store:
        store.ingest(path, source="servicenow")
        rows = [row for cut in CUTS for row in compared(store.history(), cut)]
    sys.stdout.write("\n".join(markdown(rows)) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m benchmarks.resolution_servicenow PATH/incident_event_log.csv.gz")
    main(sys.argv[1])
