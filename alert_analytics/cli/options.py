"""What several verbs have in common: where the alerts come from, and which of them count."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any

import typer

from alert_analytics.cli.output import show_note
from alert_analytics.errors import HistoryError, SourceError
from alert_analytics.history import AlertHistory, AlertStore, Source
from alert_analytics.history.describe import set_aside
from alert_analytics.history.source import source_named
from alert_analytics.sources import Tabular
from alert_analytics.tables import counted

By = Annotated[list[str] | None, typer.Option("--by", help="Column or label to split by; may be repeated.")]

HoursIn = Annotated[str, typer.Option("--hours-in", help="The zone in whose hours people work and sleep.")]
SuppressBelow = Annotated[
    int, typer.Option("--suppress-below", help="Of how many people groups are shown; 1 shows everyone by themselves.")
]

Verb = Callable[..., None]
Chosen = Source | str | None
"""How a file is to be read: made to measure, by the name of its format, or in the canonical columns."""

_CALENDAR_S = 1e11  # more than three thousand years
_REASONS = 3


def _source_parameters(
    source: Annotated[str | None, typer.Option(help="The format, such as servicenow.")] = None,
    map_: Annotated[
        list[str] | None, typer.Option("--map", help="canonical=column, such as fired_at='Open Time'; repeat.")
    ] = None,
    time_format: Annotated[
        str, typer.Option(help="iso, epoch_s, epoch_ms, epoch_us, or a strptime format such as %d/%m/%Y %H:%M.")
    ] = "iso",
    timezone: Annotated[str, typer.Option(help="The zone of times without an offset.")] = "UTC",
    missing: Annotated[list[str] | None, typer.Option(help="What stands for a missing value; repeat.")] = None,
    severity: Annotated[
        list[str] | None, typer.Option(help="word=severity, such as P1=critical; repeat. Also with --source.")
    ] = None,
    label: Annotated[list[str] | None, typer.Option(help="A column to keep as a label; repeat.")] = None,
    delimiter: Annotated[str | None, typer.Option(help="What separates the fields of a CSV.")] = None,
    decimal: Annotated[str, typer.Option(help="The decimal mark of value: . or ,")] = ".",
) -> None:
    """The options that say how a file is to be read; only their signature is used."""


def _scope_parameters(
    tenant: Annotated[str | None, typer.Option(help="One tenant only.")] = None,
    where: Annotated[str | None, typer.Option(help="A condition, such as \"severity >= 'high'\".")] = None,
    since: Annotated[str | None, typer.Option(help="Fired at or after (ISO 8601).")] = None,
    until: Annotated[str | None, typer.Option(help="Fired before (ISO 8601).")] = None,
    as_of: Annotated[str | None, typer.Option(help="What was known just before (ISO 8601).")] = None,
) -> None:
    """The options that narrow a history; only their signature is used."""


def source_of(
    source: str | None,
    map_: Sequence[str] | None,
    time_format: str,
    timezone: str,
    missing: Sequence[str] | None,
    severity: Sequence[str] | None,
    label: Sequence[str] | None,
    delimiter: str | None,
    decimal: str,
) -> Chosen:
    """Make the source that the options describe; None where the file is in the canonical columns.

    Raises
    ------
    SourceError
        Both a format and a mapping are given, a mapping's options without it, a pair has no ``=``, or the format knows
        no severities.
    """
    if source is not None and map_:
        raise SourceError("--source and --map exclude each other.", hint="--map alone describes a table.")
    if not map_:
        given = {
            "--time-format": time_format != "iso",
            "--timezone": timezone != "UTC",
            "--missing": missing,
            "--severity": severity and source is None,
            "--label": label,
            "--delimiter": delimiter,
            "--decimal": decimal != ".",
        }
        alone = [option for option, there in given.items() if there]
        if alone:
            raise SourceError(
                f"{', '.join(alone)} without --map: it says how mapped columns are read.",
                hint="`alert-analytics inspect FILE` writes the whole command.",
            )
        return source if source is None or not severity else _worded(source, pairs("--severity", severity))
    return Tabular(
        columns=pairs("--map", map_),
        timestamp_format=time_format,
        timezone=timezone,
        missing=tuple(missing or ()),
        severities=pairs("--severity", severity or ()),
        labels=tuple(label or ()),
        delimiter=delimiter,
        decimal=decimal,
    )


def _worded(name: str, severities: dict[str, str]) -> Source:
    """A source by its name, with words of the user's for severities."""
    found: Any = source_named(name)
    if "severities" not in getattr(found, "__dataclass_fields__", ()):
        raise SourceError(f"--severity: {name} takes no words for severities.", hint="leave it out.")
    made: Source = replace(found, severities=severities)
    return made


def opened(path: str, source: Chosen, *, tenant: str | None = None) -> AlertHistory:
    """Open a path as a history; through a store in memory where a source has to read it."""
    if source is None:
        return AlertHistory.open(path)
    store = AlertStore.open(":memory:", tenant=tenant)
    store.ingest(path, source=source)
    return store.history()


def takes_source(verb: Verb) -> Verb:
    """Give a verb the options of a source, and hand it the source as ``source``."""

    @functools.wraps(verb)
    def run(**given: Any) -> None:
        chosen = {name: given.pop(name) for name in inspect.signature(_source_parameters).parameters}
        verb(source=source_of(**chosen), **given)

    return _with_signature(run, verb, "source", [_source_parameters])


def asks_history(verb: Verb) -> Verb:
    """Give a verb a path, the options of a source and of a scope, and hand it the history as ``history``."""

    def path_parameter(
        path: Annotated[str, typer.Argument(help="CSV or Parquet in the canonical columns, a store, or see --map.")],
    ) -> None: ...

    @functools.wraps(verb)
    def run(path: str, **given: Any) -> None:
        chosen = {name: given.pop(name) for name in inspect.signature(_source_parameters).parameters}
        tenant, where, since, until, as_of = (
            given.pop(name) for name in inspect.signature(_scope_parameters).parameters
        )
        history = opened(path, source_of(**chosen))
        history = history if tenant is None else _of_tenant(history, tenant)
        _warn_of_refused(history)  # the tenant's own rows only
        history = history if as_of is None else history.as_of(as_of)
        verb(history=history.where(where, since=since, until=until), **given)

    return _with_signature(run, verb, "history", [path_parameter, _source_parameters, _scope_parameters])


def length(option: str, value: float, **unit: float) -> timedelta:
    """Read an option that is a length of time in one unit, as in ``length("--days", 7, days=1)``.

    Raises
    ------
    HistoryError
        It is not positive, or longer than a calendar.
    """
    seconds = value * timedelta(**unit).total_seconds()
    if not 0 < seconds < _CALENDAR_S:
        raise HistoryError(f"{option} {value:g}: expected a positive number of {next(iter(unit))}.")
    return timedelta(seconds=seconds)


def _of_tenant(history: AlertHistory, tenant: str) -> AlertHistory:
    narrowed = history.tenant(tenant)
    if narrowed.n_alerts == 0 and history.n_alerts > 0:
        known = history.sql("SELECT DISTINCT tenant_id FROM alerts ORDER BY 1 LIMIT 20")["tenant_id"].to_list()
        raise HistoryError(f"--tenant {tenant}: no alert is theirs; the tenants are {', '.join(known)}.")
    return narrowed


def _warn_of_refused(history: AlertHistory) -> None:
    """Say it where rows were set aside: the answer is about the others."""
    reasons = refused_by_reason(history)
    if reasons:
        n = sum(reasons.values())
        show_note(
            f"{set_aside(n)} and {'counts' if n == 1 else 'count'} in no answer: "
            + "; ".join(f"{times:,} x {reason}" for reason, times in list(reasons.items())[:_REASONS])
            + (f"; {counted(len(reasons) - _REASONS, 'more reason')}." if len(reasons) > _REASONS else ".")
        )


def refused_by_reason(history: AlertHistory) -> dict[str, int]:
    """Count the rows set aside, by reason, the commonest first."""
    counts = history.quarantine().group_by("reason").aggregate([("reason", "count")])
    counts = counts.sort_by([("reason_count", "descending"), ("reason", "ascending")])
    return dict(zip(counts["reason"].to_pylist(), counts["reason_count"].to_pylist(), strict=True))


def _with_signature(run: Verb, verb: Verb, made: str, added: Sequence[Callable[..., None]]) -> Verb:
    """Typer reads a function's signature: show it the verb's own parameters and the shared ones, not `made`."""
    own = [p for p in inspect.signature(verb, eval_str=True).parameters.values() if p.name != made]
    shared = [p for one in added for p in inspect.signature(one, eval_str=True).parameters.values()]
    everything = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in [*shared, *own]]
    vars(run)["__signature__"] = inspect.Signature(everything)
    run.__annotations__ = {p.name: p.annotation for p in everything}
    vars(run).pop("__wrapped__", None)
    return run


def pairs(option: str, given: Sequence[str]) -> dict[str, str]:
    """Read an option that is a name and a value, as in ``--map rule=Check``.

    Raises
    ------
    SourceError
        One has no ``=``, or nothing on a side of it.
    """
    parted = [one.partition("=") for one in given]
    broken = [key for key, mark, value in parted if not (key and mark and value)]
    if broken:
        raise SourceError(f"{option} {broken[0]!r}: expected name=value.", hint=f"write {option} 'a=b'.")
    return {key: value for key, _, value in parted}
