"""The command line: each verb opens a history, asks one question, and shows the answer."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from alert_analytics.cli import compliance
from alert_analytics.cli.options import By, Chosen, HoursIn, SuppressBelow, asks_history, length, pairs, takes_source
from alert_analytics.cli.output import console, in_options, say, show, show_error, speak_of
from alert_analytics.errors import AlertAnalyticsError, HistoryError, MissingDependencyError
from alert_analytics.history import AlertHistory
from alert_analytics.sources import Inspection, inspect_file

app = typer.Typer(
    name="alert-analytics",
    help="Turns a team's alert history into fewer, better alerts.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def main() -> None:
    """Run the command line; an error of ours, or a missing extra, ends it with its message and exit code 1."""
    speak_of(_options(*sys.argv[1:2]))
    try:
        app(prog_name=app.info.name)
    except AlertAnalyticsError as error:
        show_error(error)
        sys.exit(1)
    except ModuleNotFoundError as error:
        missing = MissingDependencyError.instead_of(error, f"alert-analytics {' '.join(sys.argv[1:2])}")
        if missing is None:
            raise
        show_error(missing)
        sys.exit(1)


def _options(verb: str = "") -> dict[str, str]:
    """The options of a verb by the names of its parameters, which Python calls them by too; none of what is no verb."""
    verbs: dict[str, Any] = getattr(typer.main.get_command(app), "commands", {})
    parameters = verbs[verb].params if verb in verbs else []
    return {one.name.rstrip("_"): one.opts[0] for one in parameters if one.opts[0].startswith("--")}


@app.command()
def inspect(
    file: Annotated[str, typer.Argument(help="A CSV, Parquet or JSON file that nobody has looked at yet.")],
    map_: Annotated[
        list[str] | None, typer.Option("--map", help="Where the guess is wrong: canonical=column, such as rule=Check.")
    ] = None,
    severity: Annotated[list[str] | None, typer.Option(help="word=severity, such as P1=critical; repeat.")] = None,
    timezone: Annotated[str, typer.Option(help="The zone of times without an offset.")] = "UTC",
) -> None:
    """Guess how to read a file; print the evidence, the mapping, and the command that uses it."""
    columns, severities = pairs("--map", map_ or ()), pairs("--severity", severity or ())
    with console.status(Text(f"looking at {file}")):
        inspection = inspect_file(file, columns=columns, severities=severities, timezone=timezone)
    show_inspection(inspection)


@app.command()
@takes_source
def ingest(
    source: Chosen,
    path: Annotated[str | None, typer.Argument(help="A file or glob.")] = None,
    from_: Annotated[
        str | None, typer.Option("--from", help="A running system instead: its address; --source says which.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="With --from: begin anew here (ISO 8601), not where the last pull stopped.")
    ] = None,
    store: Annotated[Path, typer.Option(help="The store's file; created if absent.")] = Path("alerts.duckdb"),
    tenant: Annotated[str | None, typer.Option(help="Whose alerts these are.")] = None,
    complete_until: Annotated[str | None, typer.Option(help="Until when the input holds every alert.")] = None,
    pseudonymise: Annotated[
        list[str] | None, typer.Option(help="What names a person: assignee, label:NAME, metadata:KEY; repeat.")
    ] = None,
) -> None:
    """Add a file's or a running system's alerts to a store; the same input twice changes nothing.

    --from takes a Prometheus, an Alertmanager, PagerDuty, Opsgenie or ServiceNow (--source prometheus, alertmanager,
    pagerduty, opsgenie, servicenow). Secrets are read from environment variables alone: PAGERDUTY_TOKEN,
    OPSGENIE_API_KEY, SERVICENOW_USER and SERVICENOW_PASSWORD, PROMETHEUS_BEARER_TOKEN, ALERTMANAGER_BEARER_TOKEN.
    """
    from alert_analytics.cli.pulling import ingest_from

    ingest_from(path, from_, source, store, tenant, since, complete_until, tuple(pseudonymise or ()))


@app.command()
@takes_source
def quarantine(
    source: Chosen,
    store: Annotated[Path, typer.Option(help="The store's file.")] = Path("alerts.duckdb"),
    tenant: Annotated[str | None, typer.Option(help="Whose rows; everyone's where not given.")] = None,
    replay: Annotated[
        bool, typer.Option("--replay", help="Read them once more, as --source or --map now say; sound ones leave.")
    ] = False,
) -> None:
    """List what was set aside: reasons, how often, an example; --replay after a mapping was mended."""
    from alert_analytics.cli.quarantine import show_quarantine

    show_quarantine(store, source, tenant, replay=replay)


@app.command()
@asks_history
def describe(history: AlertHistory) -> None:
    """Look a history over: span, gaps, open share, nulls, and what looks wrong."""
    for line in repr(history.describe()).splitlines():
        say(in_options(line) if line.startswith("look at: ") else line)


@app.command()
@asks_history
def trend(
    history: AlertHistory,
    by: By = None,
    window_size: Annotated[int, typer.Option(help="Buckets in the rolling mean.")] = 24,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
) -> None:
    """Say whether it is getting better or worse."""
    from alert_analytics.analytics import TrendAnalysis

    answer = TrendAnalysis.from_alerts(history, window_size=window_size, by=by)
    main = [*answer.by, "direction", "slope_per_day", "slope_low", "slope_high", "alerts_per_day", "n_alerts"]
    show(answer, main, as_json=as_json, as_csv=as_csv)


@app.command()
@asks_history
def correlate(
    history: AlertHistory,
    window: Annotated[float | None, typer.Option(help="How long after a leader a follower counts, seconds.")] = None,
    of: Annotated[str, typer.Option(help="The column or label whose values lead and follow.")] = "rule",
    within: Annotated[str | None, typer.Option(help="Count a pair only inside the same value of this.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
) -> None:
    """Say what fires together, and what leads."""
    from alert_analytics.analytics import CorrelationAnalysis

    longest = None if window is None else length("--window", window, seconds=1)
    answer = CorrelationAnalysis.from_alerts(history, window=longest, of=of, within=within)
    main = ["leader", "follower", "strength", "q_value", "median_lag_s", "n_bursts_together", "expected", "n_bursts"]
    show(answer, main, as_json=as_json, as_csv=as_csv)


@app.command()
@asks_history
def resolve(
    history: AlertHistory,
    by: By = None,
    suppress_below: SuppressBelow = 5,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
) -> None:
    """Say how long it really takes to resolve."""
    from alert_analytics.analytics import ResolutionAnalysis

    answer = ResolutionAnalysis.from_alerts(history, by=by, suppress_below=suppress_below)
    main = [*answer.by, "n_alerts", "n_open", "median_s", "median_low_s", "median_high_s", "p90_s"]
    show(answer, main, as_json=as_json, as_csv=as_csv)


@app.command()
@asks_history
def recommend(
    history: AlertHistory,
    of: Annotated[str, typer.Option(help="The column or label whose values are to be changed.")] = "rule",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
) -> None:
    """Say which rules are worth changing, how, what it saves, and what it would miss."""
    from alert_analytics.analytics import Recommendations

    main = ["item", "change", "saved_per_week", "saved_low", "saved_high", "n_missed"]
    show(Recommendations.from_alerts(history, of=of), main, as_json=as_json, as_csv=as_csv)


@app.command()
@asks_history
def performance(
    history: AlertHistory,
    by: By = None,
    suppress_below: SuppressBelow = 5,
    of: Annotated[str, typer.Option(help="What can fire again: fingerprint; rule, where each alert has its own.")] = (
        "fingerprint"
    ),
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
) -> None:
    """Say how much of it is noise: shares acted on, short, fired again, flapping; MTTA, MTTR, MTBF."""
    from alert_analytics.analytics import PerformanceAnalysis

    answer = PerformanceAnalysis.from_alerts(history, by=by, of=of, suppress_below=suppress_below)
    main = [*answer.by, "n_alerts", "actionable_share", "automatic_share", "unacknowledged_share", "short_share"]
    show(answer, [*main, "refired_share", "flapping_share", "mtta_s", "mttr_s"], as_json=as_json, as_csv=as_csv)


@app.command()
@asks_history
def workload(
    history: AlertHistory,
    by: By = None,
    hours_in: HoursIn = "UTC",
    suppress_below: SuppressBelow = 5,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
) -> None:
    """Say whom alerts interrupt, at business, off and sleep hours; groups under five people are put together."""
    from alert_analytics.analytics import WorkloadAnalysis
    from alert_analytics.analytics.local_time import zone_of

    zone_of(hours_in, "--hours-in ")
    answer = WorkloadAnalysis.from_alerts(history, by=by or "team", timezone=hours_in, suppress_below=suppress_below)
    main = [*answer.by, "interruptions_per_week", "sleep_per_week", "business_per_week", "off_per_week", "sleep_share"]
    show(answer, main, as_json=as_json, as_csv=as_csv)


@app.command()
@asks_history
def report(
    history: AlertHistory,
    days: Annotated[float, typer.Option(help="How many days before the end of the history.")] = 7,
    html: Annotated[Path | None, typer.Option(help="Also write a page with charts and every answer.")] = None,
    excel: Annotated[Path | None, typer.Option(help="Also write a workbook with every answer.")] = None,
    hours_in: HoursIn = "UTC",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
) -> None:
    """The numbers of the last days beside those of the days before; a page or workbook of every answer."""
    from alert_analytics.analytics import AlertAnalytics
    from alert_analytics.analytics.local_time import zone_of

    zone_of(hours_in, "--hours-in ")
    answer = AlertAnalytics(time_range=length("--days", days, days=1), timezone=hours_in).run(history)
    for path, write in ((html, answer.to_html), (excel, answer.to_excel)):
        if path is not None:
            with console.status(Text(f"writing {path}")):
                write(path)
    show(answer, ["name", "value", "low", "high", "unit", "before"], as_json=as_json, as_csv=as_csv)


@app.command()
@asks_history
def train(
    history: AlertHistory,
    spec: Annotated[Path | None, typer.Option(help="A TOML file that says what to train; see models/.")] = None,
    name: Annotated[str | None, typer.Option(help="What to register it as (alert-volume).")] = None,
    detector: Annotated[str | None, typer.Option(help="isolation_forest, autoencoder or pca.")] = None,
    by: By = None,
    every_minutes: Annotated[float | None, typer.Option(help="Width of a window's bucket (60).")] = None,
    false_alarm_rate: Annotated[
        float | None, typer.Option(help="The share of normal windows that may reach 0.85 (0.01).")
    ] = None,
    alias: Annotated[str | None, typer.Option(help="What to call the new version in the registry.")] = "challenger",
    out: Annotated[Path | None, typer.Option(help="Also write the bundle into this folder.")] = None,
    register: Annotated[bool, typer.Option(help="Register it in MLflow.")] = True,
) -> None:
    """Train an anomaly model whose 0.85 keeps a promise, and register it."""
    from alert_analytics.cli.models import spec_from, train_model

    given = {"detector": detector, "every_minutes": every_minutes, "false_alarm_rate": false_alarm_rate}
    train_model(history, spec_from(spec, name, by, **given), alias, out, register)


@app.command()
def export(
    model: Annotated[str, typer.Argument(help="Such as models:/alert-volume@challenger or models:/alert-volume/3.")],
    folder: Annotated[Path, typer.Argument(help="Where model.onnx and manifest.json go.")],
) -> None:
    """Fetch a registered model as a bundle that any ONNX runtime can score."""
    from alert_analytics.cli.models import export_model

    export_model(model, folder)


@app.command()
@asks_history
def score(
    history: AlertHistory,
    model: Annotated[str, typer.Option(help="A bundle's folder, an .onnx file, or models:/NAME@ALIAS.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
) -> None:
    """Score a history's windows with a model; 0.85 and more is anomalous."""
    from alert_analytics.cli.models import score_alerts

    score_alerts(history, model, as_json=as_json, as_csv=as_csv)


@app.command()
@takes_source
def demo(
    source: Chosen,
    history: Annotated[str | None, typer.Option(help="Your own file; without it the sample data.")] = None,
    out: Annotated[Path, typer.Option(help="Where the charts and tables go.")] = Path("alert-analytics-demo"),
) -> None:
    """Tell the answers as a story: better or worse, what leads, how long, and three alerts to change first."""
    from alert_analytics.cli.demo import tell

    if source is not None and history is None:
        raise HistoryError(
            "--source and --map say how --history is read, and there is no --history.",
            hint="alert-analytics demo --history FILE ...",
        )
    tell(history, source, out)


compliance.add_to(app)


def show_inspection(inspection: Inspection) -> None:
    """Print what the inspection of a file found."""
    say(inspection.sentence)
    for what, finding, evidence in inspection.evidence:
        say(f"  {what}: {finding}  ({evidence})")
    for warning in inspection.warnings:
        say(f"  careful: {warning}")
    print(f"\nIn Python:\n\n{inspection.python}\n\nIn the shell:\n\n{inspection.command}")
    print("alert-analytics demo --history alerts.duckdb")
