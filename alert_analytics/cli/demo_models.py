"""The second half of the demo: two models of the history, what their 0.85 promises, and what they find unusual."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.text import Text

from alert_analytics import registry
from alert_analytics.calibration import ScoredWindows
from alert_analytics.cli.models import trained_aloud
from alert_analytics.cli.output import chapter, console, in_table, installed, say
from alert_analytics.errors import CalibrationError, WindowsError
from alert_analytics.registry import ModelVersion
from alert_analytics.scoring import OnnxScorer
from alert_analytics.tables import printable
from alert_analytics.training import TrainedModel, TrainingSpec, register_trained

if TYPE_CHECKING:
    from alert_analytics.history import AlertHistory, Description

_DETECTORS = {"isolation_forest": "alert-volume", "autoencoder": "alert-volume-autoencoder"}
_MOST_SERIES = 20  # a service each; with more, all alerts are one series
_RATES = (0.01, 0.02, 0.05)  # a short history keeps the promise of the first that it suffices for
_TOLD = 5
_APART = 12  # windows between two that are told


def tell_models(history: AlertHistory, description: Description, out: Path, truth: dict[str, Any] | None) -> list[str]:
    """Train both models, register them, load one from the registry, score with it, and say what is unusual.

    Parameters
    ----------
    history : AlertHistory
        What to learn from.
    description : Description
        Of it.
    out : Path
        The demo's folder; its registry lies in it, so that no real one gets a version of a demonstration.
    truth : dict or None
        What was planted, for the sample.

    Returns
    -------
    list of str
        What lies in the folder now: charts, tables, and the bundle of the first model.
    """
    chapter(
        "What would a model have noticed?",
        "An isolation forest and an autoencoder learn what an hour usually looks like from the first 60% of the time; "
        "the next 20% say where 0.85 stands, the last 20% whether it keeps its promise.",
    )
    trained, refused = _trained(history, description)
    in_table(["model", "windows", "worth", "at most", "reach 0.85", "promise"], [_row(one) for one in trained])
    for reason in refused:
        say(f"  none of {reason}")
    if not trained:
        return []
    registry_uri = f"sqlite:///{out.resolve() / 'mlflow.db'}"
    versions = [register_trained(one, alias="challenger", tracking_uri=registry_uri) for one in trained]
    first = trained[0]
    address = f"models:/{first.spec.name}@challenger"
    scorer = OnnxScorer(registry.model_bytes(address, tracking_uri=registry_uri), address)
    first.model.export(out / first.spec.name)
    scores = ScoredWindows.of(scorer.score(first.test.features, first.test.feature_names), first.test, scorer.manifest)
    kept = _keep(scores, out)
    _show_unusual(scores, address, truth)
    _show_registry(versions, out)
    return [*kept, f"{first.spec.name}/model.onnx"]


def _trained(history: AlertHistory, description: Description) -> tuple[list[TrainedModel], list[str]]:
    """Train each detector with the smallest false-alarm rate that the history suffices for; and why there is none."""
    trained, refused = [], []
    for detector, name in _DETECTORS.items():
        spec = TrainingSpec(name, detector, false_alarm_rate=_RATES[0], by=_series(description))
        try:
            trained.append(trained_aloud(history, spec, or_rates=_RATES[1:]))
        except (CalibrationError, WindowsError) as error:
            refused.append(f"{name}: {error.message}")
    return trained, refused


def _series(description: Description) -> tuple[str, ...]:
    """A series per service or team, where they are known and few."""
    there = {row["column"]: row for row in description.columns.to_pylist()}
    for name in ("service", "team"):
        row = there.get(name)
        if row is not None and row["null_share"] < 0.5 and 1 < row["n_distinct"] <= _MOST_SERIES:
            return (name,)
    return ()


def _row(trained: TrainedModel) -> list[object]:
    found, said = trained.model.calibration, trained.model.certificate
    share = "-" if said is None else f"{said.n_flagged / said.m:.2%}"
    verdict = "not looked at" if said is None else said.status
    return [trained.spec.name, f"{found.size.n:,}", f"{found.size.n_eff:,.0f}", f"{found.alpha:.0%}", share, verdict]


def _keep(scores: ScoredWindows, out: Path) -> list[str]:
    scores.to_csv(out / "scores.csv")
    if not (installed("altair") and installed("vl_convert") and len(scores)):
        return ["scores.csv"]
    scores.plot().save(str(out / "scores.png"), scale_factor=2)
    return ["scores.png", "scores.csv"]


def _show_unusual(scores: ScoredWindows, address: str, truth: dict[str, Any] | None) -> None:
    console.print()
    say(f"The last 20% of the time, scored by {address} from the registry:")
    for row in scores.most_anomalous(_TOLD, apart=_APART):
        say(f"  {scores.describe(row)}")
    if truth is not None:
        start, end = (str(moment.item()) for moment in scores.windows.span or ())
        storms = [
            f"{one['service']} {one['start'][:16].replace('T', ' ')} to {one['end'][11:16]}"
            for one in truth["alerts"]["storms"]
            if start <= one["start"].replace("T", " ") <= end
        ]
        say(f"Planted in that time: {'; '.join(storms) or 'no storm'}.")


def _show_registry(versions: list[ModelVersion], out: Path) -> None:
    console.print()
    for version in versions:
        say(version.sentence)
    say("Look at them at http://127.0.0.1:5000, with:")
    _to_be_copied(f"mlflow ui --backend-store-uri {shlex.quote(f'sqlite:///{out}/mlflow.db')}")
    say("Score later alerts of the same services with the bundle:")
    _to_be_copied(f"alert-analytics score FILE --model {shlex.quote(f'{out}/{versions[0].name}')}")


def _to_be_copied(command: str) -> None:
    """Print a command on one line, however long."""
    console.print(Text(printable(f"  {command}")), soft_wrap=True)
