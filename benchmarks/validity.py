"""Every simulation behind a claimed coverage or error rate, in full: ``python -m benchmarks.validity``.

Prints the Markdown tables of the scripts below, one after the other; each also runs alone.
"""

from __future__ import annotations

import runpy

TABLES = {
    "validity_slope": "Trend: the 95 % interval of the weekly slope",
    "validity_exposure": "Trend beside maintenance windows: bias, and the 95 % interval",
    "validity_trend": "Trend: changes of level, forecasts, before and after, detectable slopes",
    "validity_resolution": "Resolution: intervals and the log-rank test, plain and by clusters",
    "validity_performance": "Performance and load: shares by clusters, time between firings, interruptions a week",
    "validity_pairs": "Correlation: false pairs and power",
    "validity_recommendations": "Recommendations: precision, and what they save once made",
    "validity_calibration": "Calibration: how often a cut breaks its promise, and what certificates say",
}


def main() -> None:
    for name, title in TABLES.items():
        print(f"\n## {title}\n", flush=True)
        runpy.run_module(f"benchmarks.{name}", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
