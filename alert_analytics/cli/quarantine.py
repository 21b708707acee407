"""What was set aside: why, how often, one of each; and reading it once more after a mapping was mended."""

from __future__ import annotations

from pathlib import Path

from alert_analytics.cli.options import Chosen
from alert_analytics.cli.output import console, in_table, say
from alert_analytics.errors import SourceError, SourceNotFoundError
from alert_analytics.history import AlertHistory, AlertStore
from alert_analytics.tables import counted

_REASONS = 20  # the commonest; one of a word quotes it, so there may be as many as rows
_EXAMPLE = 200


def show_quarantine(store: Path, source: Chosen, tenant: str | None, *, replay: bool) -> None:
    """List a store's quarantine by reason, or replay it.

    Raises
    ------
    SourceNotFoundError
        There is no such store; none is made.
    SourceError
        A source is named and nothing is to be replayed, or it cannot read the rows.
    """
    if not store.is_file():
        raise SourceNotFoundError(
            f"{store}: no such store.", hint="`alert-analytics ingest` makes one; or --store FILE."
        )
    if replay:
        _replay(store, source, tenant)
        return
    if source is not None:
        raise SourceError(
            "--source and --map say how rows are read once more, and there is no --replay.",
            hint="alert-analytics quarantine --store FILE --replay ...",
        )
    history = AlertHistory.open(str(store))
    _show(history if tenant is None else history.tenant(tenant), store)


def _replay(store: Path, source: Chosen, tenant: str | None) -> None:
    with AlertStore.open(store, tenant=tenant) as opened:
        report = opened.replay_quarantine(source)
        say(report.sentence)
        _show(opened.history(), store)
    if not report.n_records:
        raise SourceError(
            f"{store}: nothing that {report.source} set aside could be read once more.",
            hint="--source NAME, or --map ... as for ingest, says whose rows are meant.",
        )


def _show(history: AlertHistory, store: Path) -> None:
    aside = history.quarantine()
    if not aside.num_rows:
        say(f"Nothing is set aside in {store}.")
        return
    wanted = [("reason", "count"), ("line", "min"), ("original", "first")]
    # In one thread, so that the first is the first.
    reasons = aside.group_by(["source", "reason"], use_threads=False).aggregate(wanted)
    rows = reasons.sort_by(
        [("reason_count", "descending"), ("source", "ascending"), ("reason", "ascending")]
    ).to_pylist()
    say(f"{counted(aside.num_rows, 'row')} set aside in {store}, of {counted(len(rows), 'reason')}:")
    shown = [[row["source"], f"{row['reason_count']:,}", row["reason"], row["line_min"]] for row in rows[:_REASONS]]
    in_table(["source", "rows", "reason", "line"], shown)
    if len(rows) > _REASONS:
        say(f"... and {counted(len(rows) - _REASONS, 'further reason')}")
    for row in rows[:_REASONS]:
        console.print()
        say(f"{row['reason']}, such as:")
        say(f"  {_short(row['original_first'])}")
    console.print()
    say("They count in no answer.")
    say("`alert-analytics quarantine --replay` with --source or --map, mended, reads them again.")


def _short(original: str | None) -> str:
    text = " ".join((original or "").split())
    return text if len(text) <= _EXAMPLE else f"{text[:_EXAMPLE]} ... ({len(text):,} characters)"
