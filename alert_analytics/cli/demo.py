"""The answers as a story: what is there, is it getting better, what leads, how long, and what to change first."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from alert_analytics import datasets
from alert_analytics.analytics.estimates import in_words
from alert_analytics.analytics.recommendation_words import missed_in_words, saving_in_words
from alert_analytics.cli.options import opened
from alert_analytics.cli.output import chapter, console, in_table, installed, say
from alert_analytics.errors import HistoryError
from alert_analytics.history.schema import SEVERITIES
from alert_analytics.tables import counted, in_figures, printable

if TYPE_CHECKING:
    from alert_analytics.analytics import (
        CorrelationAnalysis,
        Recommendations,
        ResolutionAnalysis,
        Result,
        TrendAnalysis,
    )
    from alert_analytics.cli.options import Chosen
    from alert_analytics.history import AlertHistory, Description

_T = TypeVar("_T")
_ROWS = 6
_CHARTS = ("recommendations", "trend", "correlation", "resolution")


def tell(path: str | None, source: Chosen, out: Path) -> None:
    """Answer the questions about a history in the terminal, and leave charts and tables in a folder.

    Parameters
    ----------
    path : str or None
        The user's file; None for the sample data.
    source : Source, str or None
        How to read it.
    out : Path
        The folder, made if absent.

    Raises
    ------
    HistoryError
        The folder cannot be made.
    """
    from alert_analytics.analytics import CorrelationAnalysis, Recommendations, ResolutionAnalysis, TrendAnalysis

    with Progress(
        TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=console, transient=True
    ) as progress:
        task = progress.add_task("reading", total=8)

        def step(what: str, do: Callable[[], _T]) -> _T:
            progress.update(task, description=what)
            done = do()
            progress.advance(task)
            return done

        _make(out)
        history = step("reading", lambda: datasets.sample() if path is None else opened(path, source))
        description = step("looking it over", history.describe)
        if description.thin_from is not None:
            history = history.where(until=description.thin_from)
        by, named = _grouping(description), _named(description)
        trend = step("better or worse?", lambda: TrendAnalysis.from_alerts(history))
        trends = step(f"by {by}", lambda: TrendAnalysis.from_alerts(history, 7, by, timedelta(days=1)))
        pairs = step("what leads?", lambda: CorrelationAnalysis.from_alerts(history))
        resolution = step("how long?", lambda: ResolutionAnalysis.from_alerts(history, by=_severity(description)))
        advice = step("what to change?", lambda: Recommendations.from_alerts(history, of=named))
        pictured = step(
            "drawing",
            lambda: _keep(
                out, {"recommendations": advice, "trend": trends, "correlation": pairs, "resolution": resolution}
            ),
        )
    _show_data(history, description, path)
    _show_trend(trend, trends)
    _show_pairs(pairs)
    _show_resolution(resolution)
    _show_advice(advice)
    made = _show_models(history, description, out, path)
    _show_end(out, [*pictured, *made], path)


def _grouping(description: Description) -> str:
    """By what to split the trend: the service where it is known, else the team, else the rule."""
    missing = {row["column"]: row["null_share"] for row in description.columns.to_pylist()}
    return next((name for name in ("service", "team") if missing.get(name, 1.0) < 0.5), "rule")


def _named(description: Description) -> str:
    """What could be changed: the rule, or what alerts are known by where they name none."""
    known = {row["column"]: row for row in description.columns.to_pylist() if row["null_share"] < 1}
    # A missing rule is called `unknown`.
    if "rule" in known and (known["rule"]["most_common"], known["rule"]["most_common_share"]) != ("unknown", 1.0):
        return "rule"
    return next((name for name in ("service", "team") if name in known), "rule")


def _severity(description: Description) -> tuple[str, ...]:
    known = {row["column"]: row["n_distinct"] for row in description.columns.to_pylist()}
    return ("severity",) if known.get("severity", 0) > 1 else ()


def _show_data(history: AlertHistory, description: Description, path: str | None) -> None:
    chapter(f"The history: {path or 'the sample data, whose truth is known'}", description.sentence)
    for what in description.suspicious:
        console.print(Text(printable(f"  look at: {what}"), style="yellow"))
    if description.thin_from is not None:
        say(f"  the answers below are about the {counted(history.n_alerts, 'alert')} before that day.")


def _show_trend(trend: TrendAnalysis, trends: TrendAnalysis) -> None:
    told = {row["direction"] for row in trends.table.to_pylist()} - {"too short"}
    chapter("Is it getting better or worse?", f"{trend.sentence} {trends.sentence}" if told else trend.sentence)
    rows = [
        [*(row[name] for name in trends.by), _figure(row["alerts_per_day"]), _weekly(row), _q(row), row["direction"]]
        for row in trends.table.slice(0, _ROWS).to_pylist()
    ]
    in_table([*trends.by, "a day", "change of that each week (95%)", "q", "direction"], rows)


def _q(row: dict[str, Any]) -> str:
    return "-" if row["q_value"] is None else f"{row['q_value']:.1g}"


def _figure(value: float | None) -> str:
    return "-" if value is None else in_figures(value)


def _weekly(row: dict[str, Any]) -> str:
    if row["slope_per_day"] is None:
        return "-"
    value, low, high = (7 * row[name] for name in ("slope_per_day", "slope_low", "slope_high"))
    return f"{value:+.2f} ({low:+.2f} to {high:+.2f})"


def _show_pairs(pairs: CorrelationAnalysis) -> None:
    chapter("What fires together, and what leads?", pairs.sentence)
    rows = [
        [
            row["leader"],
            row["follower"],
            f"{row['n_bursts_together'] / row['n_bursts']:.0%}",
            f"{row['expected'] / row['n_bursts']:.1%}",
            f"{row['q_value']:.1g}",
            in_words(row["median_lag_s"]),
        ]
        for row in pairs.table.slice(0, _ROWS).to_pylist()
        if row["q_value"] is not None and row["q_value"] < 0.05
    ]
    in_table(["leader", "follower", "followed", "by chance", "q", "lag"], rows)


def _show_resolution(resolution: ResolutionAnalysis) -> None:
    chapter("How long does it really take to resolve?", resolution.sentence)
    rows = [
        [
            *(row[name] for name in resolution.by),
            f"{row['n_alerts']:,}",
            f"{row['n_open']:,}",
            _interval(row),
            _time(row["p90_s"]),
            _time(row["resolved_only_median_s"]),
        ]
        for row in sorted(resolution.table.to_pylist(), key=_severest_first)[:_ROWS]
    ]
    in_table([*resolution.by, "alerts", "open", "half within (95%)", "90% within", "without the open"], rows)


def _severest_first(row: dict[str, Any]) -> int:
    return -SEVERITIES.index(row["severity"]) if row.get("severity") in SEVERITIES else 1


def _interval(row: dict[str, Any]) -> str:
    return f"{_time(row['median_s'])} ({_time(row['median_low_s'])} to {_time(row['median_high_s'])})"


def _time(seconds: float | None) -> str:
    return "-" if seconds is None else in_words(seconds)


def _show_advice(advice: Recommendations) -> None:
    rows = advice.table.slice(0, 3).to_pylist()
    words = {0: advice.sentence, 1: "One stands out.", 2: "Two stand out."}
    what = "alerts" if advice.of == "rule" else f"{advice.of}s"
    chapter(f"The three {what} to change first, and why", words.get(len(rows), "By the interruptions that each saves:"))
    for place, row in enumerate(rows, 1):
        console.print()
        console.print(Text.assemble(f"{place}. ", (printable(row["item"]), "bold"), f": {printable(row['change'])}"))
        say(f"   why: {row['evidence']}.")
        say(f"   saves: {saving_in_words(row)}.")
        say(f"   misses: {missed_in_words(row)}")


def _show_models(history: AlertHistory, description: Description, out: Path, path: str | None) -> list[str]:
    """The second half, where what it needs is installed; what it leaves in the folder."""
    missing = [name for name in ("sklearn", "torch", "onnx", "onnxruntime", "mlflow") if not installed(name)]
    if missing:
        how = 'pip install "alert-analytics[ml]"'
        chapter("What would a model have noticed?", f"Not installed: {', '.join(missing)}. {how}")
        return []
    from alert_analytics.cli.demo_models import tell_models

    return tell_models(history, description, out, None if path else datasets.sample_truth())


def _make(out: Path) -> None:
    """Make the folder before the work begins."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HistoryError(
            f"--out {out}: cannot make this folder ({error.strerror}).", hint="give a folder of yours: --out charts"
        ) from error


def _keep(out: Path, results: dict[str, Result]) -> list[str]:
    """Write each result's table, and its chart where Altair is installed."""
    drawn = []
    for name, result in results.items():
        result.to_csv(out / f"{name}.csv")
        if not _has_picture(name, result):
            continue
        if installed("altair") and installed("vl_convert"):
            result.plot().save(str(out / f"{name}.png"), scale_factor=2)
            drawn.append(f"{name}.png")
    return drawn


def _has_picture(name: str, result: Result) -> bool:
    """Whether there is something to see: a pair more than chance, a time to resolve, an alert that stands out."""
    if name == "correlation":
        return any(q is not None and q < 0.05 for q in result.table["q_value"].to_pylist())
    return any(result.table["median_s" if name == "resolution" else "n_alerts"].to_pylist())


def _show_end(out: Path, made: list[str], path: str | None) -> None:
    console.print()
    tables = [f"{name}.csv" for name in _CHARTS]
    charts = [] if any(name.endswith(".png") for name in made) else ['no charts: pip install "alert-analytics[viz]"']
    say(f"Charts and tables in {out}: {', '.join([*charts, *made, *tables])}.")
    if path is None:
        say("Your own file: alert-analytics inspect FILE")
