"""The verbs of models: train one, fetch its bundle, score with it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from rich.text import Text

from alert_analytics import registry
from alert_analytics.cli.output import console, say, show, show_table
from alert_analytics.errors import CalibrationError
from alert_analytics.history import AlertHistory
from alert_analytics.registry.address import check_alias, check_name
from alert_analytics.registry.connection import require_mlflow
from alert_analytics.scoring import OnnxScorer
from alert_analytics.training import TrainedModel, TrainingSpec, register_trained, score_history, train

_SHOWN = 10  # windows, the most anomalous
_APART = 3  # window lengths between two that are shown


def spec_from(spec: Path | None, name: str | None, by: Sequence[str] | None, **given: Any) -> TrainingSpec:
    """Read a specification, or take the defaults; what is given on the command line wins.

    Raises
    ------
    SettingsError
        The file cannot be used, or an option's value.
    """
    read = TrainingSpec(name="alert-volume") if spec is None else TrainingSpec.from_toml(spec)
    said = {key: value for key, value in given.items() if value is not None}
    said |= {"name": name} if name is not None else {}
    said |= {"by": tuple(by)} if by else {}
    if said.get("detector", read.detector) != read.detector:
        said["parameters"] = {}  # they are another detector's
    return TrainingSpec.from_mapping(vars(read) | said, "alert-analytics train")


def train_model(
    history: AlertHistory, spec: TrainingSpec, alias: str | None, out: Path | None, registers: bool
) -> None:
    """Train a model, say what its 0.85 promises, and let it out: to the registry, to a folder."""
    if registers:  # before the long work
        require_mlflow()
        check_name(spec.name)
        check_alias(alias)
    try:
        trained = trained_aloud(history, spec)
    except CalibrationError as error:
        reachable = (
            (error.hint or "").partition(" is within reach")[0].replace("false_alarm_rate=", "--false-alarm-rate ")
        )
        way = f"{reachable} is within reach, or " if reachable.startswith("--") else ""
        raise CalibrationError(error.message, hint=f"{way}a longer history.") from error
    say_lines(trained.model.explain_threshold())
    if registers:
        say(register_trained(trained, alias=alias, out=out).sentence)
    elif out is not None:
        trained.model.export(out)
    if out is not None:
        say(f"Bundle: {out}")


def trained_aloud(history: AlertHistory, spec: TrainingSpec, or_rates: Sequence[float] = ()) -> TrainedModel:
    """Train, saying beside a spinner what is being done."""
    with console.status(Text(f"{spec.name}: reading")) as status:
        return train(history, spec, say=lambda what: status.update(Text(f"{spec.name}: {what}")), or_rates=or_rates)


def export_model(model: str, folder: Path) -> None:
    """Fetch a model from the registry and write its bundle."""
    registry.export(model, folder)
    said = OnnxScorer.load(folder).manifest
    say(
        f"{folder}: {said.detector.replace('_', ' ')} of {len(said.feature_names)} features; at most {said.alpha:.2%} "
        "of normal windows reach 0.85. Any ONNX runtime scores model.onnx; manifest.json says what it is."
    )


def score_alerts(history: AlertHistory, model: str, *, as_json: bool, as_csv: bool) -> None:
    """Score a history's windows, and show the most anomalous ones."""
    with console.status(Text(f"scoring with {model}")):
        scores = score_history(OnnxScorer.load(model), history)
    if as_json or as_csv:
        show(scores, [], as_json=as_json, as_csv=as_csv)
        return
    say(scores.sentence)
    if not len(scores):
        return
    top = scores.most_anomalous(_SHOWN, apart=_APART)
    console.print()
    show_table(scores.table.take(pa.array(top)), ["entity", "window_end", "score", "p_value", "is_anomaly"])
    console.print()
    for row in top[:3]:
        say(f"  {scores.describe(row)}")


def say_lines(text: str) -> None:
    """Print several sentences, each on a line of its own."""
    for line in text.splitlines():
        say(line)
