"""``python -m alert_analytics.simulation data/sample`` writes the sample again."""

from __future__ import annotations

import argparse
from pathlib import Path

from alert_analytics.simulation.sample import write_sample


def main(arguments: list[str] | None = None) -> None:
    """Write the sample's files into the folder named on the command line."""
    parser = argparse.ArgumentParser(prog="python -m alert_analytics.simulation", description="Write the sample data.")
    parser.add_argument("folder", type=Path, help="where the sample's files go")
    for path in write_sample(parser.parse_args(arguments).folder):
        print(f"{path}  {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
