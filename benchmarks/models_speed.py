"""How fast a forest scores, and how exactly: ``python -m benchmarks.models_speed``.

An isolation forest of 200 trees on 19 features, calibrated: our exported graph and our scorer, skl2onnx's graph of the
same forest, and scikit-learn itself, each on one row and on 10,000. All in one process, one thread each.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import onnxruntime

import alert_analytics as aa
from alert_analytics.calibration import CalibratedModel
from alert_analytics.detectors import FittedIsolationForest

SIZES = (1, 10_000)
SECONDS = 2.0  # each measurement repeats for so long


def measured(run: Callable[[], object]) -> float:
    """Median seconds of a call, after one that warms up."""
    run()
    times, until = [], time.perf_counter() + SECONDS
    while not times or time.perf_counter() < until:
        began = time.perf_counter()
        run()
        times.append(time.perf_counter() - began)
    return float(np.median(times))


def session(model: bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def skl2onnx_graph(fitted: FittedIsolationForest) -> bytes:
    """The same forest as skl2onnx exports it."""
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import FloatTensorType

    columns = len(fitted.learned.schema)
    return to_onnx(
        fitted.forest,
        initial_types=[("features", FloatTensorType([None, columns]))],
        target_opset={"": 18, "ai.onnx.ml": 3},
    ).SerializeToString()


def forest() -> tuple[CalibratedModel, FittedIsolationForest, np.ndarray]:
    random = np.random.default_rng(0)
    mixed = random.normal(size=(19, 19))
    rows = (random.standard_t(4, size=(30_000, 19)) @ mixed).astype(np.float32)
    fitted = aa.IsolationForestDetector(seed=0).fit(rows[:10_000])
    assert isinstance(fitted, FittedIsolationForest)
    return fitted.calibrate(rows[10_000:20_000]), fitted, rows[20_000:]


def main() -> None:
    model, fitted, rows = forest()
    exported = model.graph.SerializeToString()
    ours, scorer = session(exported), aa.OnnxScorer(exported)
    foreign = session(skl2onnx_graph(fitted))
    expected = fitted.forest.score_samples(rows)
    nodes = {"ours": len(model.graph.graph.node), "skl2onnx": _nodes(skl2onnx_graph(fitted))}
    print("| rows | who | time | times ours | graph nodes | largest difference from scikit-learn |")
    print("|---:|---|---:|---:|---:|---:|", flush=True)
    for n in SIZES:
        part = rows[:n]
        ways: dict[str, tuple[Callable[[], object], np.ndarray, int | None]] = {
            "our graph, bare onnxruntime: score, p-value and all": (
                lambda part=part: ours.run(None, {"features": part}),
                -ours.run(["raw"], {"features": part})[0],
                nodes["ours"],
            ),
            "our scorer": (lambda part=part: scorer.score(part), -scorer.score(part).raw, None),
            "skl2onnx, bare onnxruntime: raw score alone": (
                lambda part=part: foreign.run(None, {"features": part}),
                np.asarray(foreign.run(None, {"features": part})[1]).ravel() + fitted.forest.offset_,
                nodes["skl2onnx"],
            ),
            "scikit-learn: raw score alone": (
                lambda part=part: fitted.forest.score_samples(part),
                fitted.forest.score_samples(part),
                None,
            ),
        }
        seconds = {who: measured(run) for who, (run, _, _) in ways.items()}
        base = next(iter(seconds.values()))
        for who, (_, raw, count) in ways.items():
            difference = np.abs(raw - expected[:n]).max()
            figures = f"{_time(seconds[who])} | {seconds[who] / base:,.1f} | {count or ''} | {difference:.1g}"
            print(f"| {n:,} | {who} | {figures} |", flush=True)


def _nodes(model: bytes) -> int:
    import onnx

    return len(onnx.load_from_string(model).graph.node)


def _time(seconds: float) -> str:
    return f"{seconds * 1e6:,.1f} us" if seconds < 1e-3 else f"{seconds * 1e3:,.2f} ms"


if __name__ == "__main__":
    main()
