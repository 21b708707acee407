"""Histories as files, ordinary and broken, and a way to run the command line in this process."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alert_analytics.cli import main
from alert_analytics.cli.output import console
from alert_analytics.training import TrainingSpec

START = datetime(2025, 1, 6)
SMALL: dict[str, dict[str, Any]] = {"isolation_forest": {"n_trees": 20}, "autoencoder": {"epochs": 2, "hidden": 8}}


@dataclass(frozen=True)
class Ran:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Run ``alert-analytics`` with the words given, in an empty folder and a terminal of 80 columns."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(console, "_width", 80)

    def ran(*words: object) -> Ran:
        monkeypatch.setattr("sys.argv", ["alert-analytics", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return Ran(int(ended.value.code or 0), printed.out, printed.err)

    return ran


@pytest.fixture(scope="session")
def small() -> Callable[..., TrainingSpec]:
    """The demo's models, but small."""

    def spec(name: str, detector: str, **given: Any) -> TrainingSpec:
        return TrainingSpec(name, detector, SMALL[detector], **given)

    return spec


@pytest.fixture(autouse=True)
def _small_models(
    small: Callable[..., TrainingSpec], request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The demo trains small models; the real ones in a slow test."""
    if request.node.get_closest_marker("slow") is None:
        monkeypatch.setattr("alert_analytics.cli.demo_models.TrainingSpec", small)


def rows(days: float, n: int, *, severities: Sequence[str] = ("low", "medium", "high")) -> list[dict[str, str]]:
    """Draw alerts of three rules, in no order, that take two hours or so."""
    rng = random.Random(7)
    drawn = []
    for _ in range(n):
        fired = START + timedelta(seconds=rng.uniform(0, days * 86_400))
        ended = fired + timedelta(seconds=rng.expovariate(1 / 7_200))
        drawn.append(
            {
                "rule": rng.choice(["cpu", "disk", "net"]),
                "fired_at": fired.isoformat(),
                "resolved_at": ended.isoformat(),
                "severity": rng.choice(severities),
            }
        )
    return drawn


def write(path: Path, alerts: Sequence[dict[str, str]], delimiter: str = ",") -> Path:
    """Write alerts as CSV."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(alerts[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(alerts)
    return path


Write = Callable[..., Path]


@pytest.fixture
def drawn(tmp_path: Path) -> Write:
    """Write a history of so many days and alerts: ``drawn(21, 120, resolved_at="")`` leaves all of them open."""

    def make(days: float, n: int, *, severities: Sequence[str] = ("low", "medium", "high"), **fixed: str) -> Path:
        return write(tmp_path / "drawn.csv", [one | fixed for one in rows(days, n, severities=severities)])

    return make


@pytest.fixture
def ordinary(tmp_path: Path) -> Path:
    """Ten weeks, three hundred alerts."""
    return write(tmp_path / "ordinary.csv", rows(70, 300))


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """The same in another shape: semicolons, day first, other words."""
    words = {"low": "P3", "medium": "P2", "high": "P1"}
    shaped = [
        {
            "Check": one["rule"],
            "Open Time": datetime.fromisoformat(one["fired_at"]).strftime("%d/%m/%Y %H:%M:%S"),
            "Resolved Time": datetime.fromisoformat(one["resolved_at"]).strftime("%d/%m/%Y %H:%M:%S"),
            "Priority": words[one["severity"]],
            "Host": f"h{i % 3}",
        }
        for i, one in enumerate(rows(70, 300))
    ]
    return write(tmp_path / "foreign.csv", shaped, delimiter=";")
