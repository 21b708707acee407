"""The three detectors on twelve real servers, defaults, each server by itself: ``python -m benchmarks.models_asd``.

Reads ``asd_train.parquet`` and ``asd_test.parquet`` from the folder given, ``../shared/data/server_metrics_asd`` by
default: 19 metrics every five minutes, anomalies labelled in the test part. Windows of 10 steps, labelled by their last
step; the first 75 % of the train part to train on, the rest to calibrate with at alpha .05.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from sklearn.metrics import average_precision_score, roc_auc_score

import alert_analytics as aa
from alert_analytics.detectors import Detector
from alert_analytics.errors import CalibrationError
from alert_analytics.stats.tolerance import binomial_bounds

FOLDER = Path("../shared/data/server_metrics_asd")
ALPHA = 0.05
SEEDS = (0, 1, 2)
DETECTORS: dict[str, Callable[[int], Detector]] = {
    "autoencoder": lambda seed: aa.AutoencoderDetector(seed=seed),
    "isolation forest": lambda seed: aa.IsolationForestDetector(seed=seed),
    "PCA": lambda seed: aa.PCADetector(),
}


@dataclass(frozen=True)
class Outcome:
    """One detector on one server: how well it ranks, and what became of its promise."""

    entity: str
    auroc: float
    average_precision: float
    n_eff: float
    refused: bool
    flagged: int
    normal: int
    normal_eff: float
    seconds: float


def outcomes(folder: Path, make: Callable[[int], Detector], seed: int) -> Iterator[Outcome]:
    """Train, calibrate and test a detector on each server."""
    frames = [pl.read_parquet(folder / f"asd_{part}.parquet") for part in ("train", "test")]
    columns = sorted(name for name in frames[0].columns if name.startswith("m"))
    train, test = (
        aa.metric_windows(frame, columns=columns, length=10, label="label" if "label" in frame.columns else None)
        for frame in frames
    )
    for entity in sorted(set(train.entity.tolist())):
        learn, calibrate = train.of(entity).split_by_time(0.75, 0.25)
        looked_at = test.of(entity)
        began = time.perf_counter()
        fitted = make(seed).fit(learn)
        seconds = time.perf_counter() - began
        try:
            model, refused = fitted.calibrate(calibrate, false_alarm_rate=ALPHA), False
        except CalibrationError:
            model, refused = fitted.calibrate(calibrate, false_alarm_rate=ALPHA, best_effort=True), True
        raw = model.score(looked_at).table["raw"].to_numpy()
        said = model.certify(looked_at).certificate
        assert said is not None
        yield Outcome(
            entity,
            float(roc_auc_score(looked_at.labels, raw)),
            float(average_precision_score(looked_at.labels, raw)),
            model.calibration.size.n_eff,
            refused,
            said.n_flagged,
            said.m,
            said.m_eff,
            seconds,
        )


def pooled(found: list[Outcome]) -> str:
    """False alarms of several servers together, with one-sided 95 % bounds at their effective sizes."""
    share = sum(one.flagged for one in found) / sum(one.normal for one in found)
    size = sum(one.normal_eff for one in found)
    bounds = binomial_bounds(share * size, size, 0.05)
    return f"{share:.1%} ({bounds.low:.1%} to {bounds.high:.1%})"


def main(folder: Path = FOLDER) -> None:
    print("| detector | seed | AUROC | average precision | effective windows | refused | false alarms | fit (s) |")
    print("|---|---:|---:|---:|---|---:|---:|---:|", flush=True)
    issued: dict[str, list[Outcome]] = {}
    for name, make in DETECTORS.items():
        for seed in SEEDS if name != "PCA" else SEEDS[:1]:
            found = list(outcomes(folder, make, seed))
            sizes = [one.n_eff for one in found]
            kept = [one for one in found if not one.refused]
            if seed == SEEDS[0]:
                issued[name] = found
            share = pooled(kept) if kept else "-"
            print(
                f"| {name} | {seed} | {np.mean([o.auroc for o in found]):.3f} | "
                f"{np.mean([o.average_precision for o in found]):.3f} | {min(sizes):.0f} to {max(sizes):.0f}, median "
                f"{np.median(sizes):.0f} | {len(found) - len(kept)} of {len(found)} | {share} | "
                f"{sum(o.seconds for o in found):.1f} |",
                flush=True,
            )
    for name, found in issued.items():
        _print_servers(name, found)


def _print_servers(name: str, found: list[Outcome]) -> None:
    print(f"\n{name}, seed 0, each server; alpha {ALPHA:g}, false alarms of the normal test windows (one-sided 95 %)\n")
    print("| server | AUROC | average precision | effective windows | false alarms | at least | at most | promise |")
    print("|---|---:|---:|---:|---:|---:|---:|---|")
    for one in found:
        bounds = binomial_bounds(one.flagged * one.normal_eff / one.normal, one.normal_eff, 0.05)
        print(
            f"| {one.entity} | {one.auroc:.3f} | {one.average_precision:.3f} | {one.n_eff:.0f} | "
            f"{one.flagged / one.normal:.1%} | {bounds.low:.1%} | {bounds.high:.1%} | "
            f"{'refused' if one.refused else 'given'} |"
        )


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
