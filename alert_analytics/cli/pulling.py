"""Bringing alerts in: from a file, or from a running system beside a bar that says how far it is."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from alert_analytics.cli.options import Chosen
from alert_analytics.cli.output import console, say, show_note
from alert_analytics.errors import PullError, SourceError
from alert_analytics.history import AlertStore, IngestReport, Source
from alert_analytics.pulls import FEEDS, PullReport, pull
from alert_analytics.pulls import Progress as Told
from alert_analytics.sources import Tabular
from alert_analytics.tables import counted

_REASONS = 8  # why rows were set aside: the commonest


def ingest_from(
    path: str | None,
    url: str | None,
    source: Chosen,
    store: Path,
    tenant: str | None,
    since: str | None,
    complete_until: str | None,
    pseudonymise: tuple[str, ...] = (),
) -> None:
    """Ingest a path, or pull from a URL; say what came of it.

    Raises
    ------
    SourceError
        Both or neither are given, or options that belong to the other.
    """
    if path is not None and url is None and path.lower().startswith(("http://", "https://")):
        raise SourceError("A running system is no file.", hint="alert-analytics ingest --from URL --source NAME")
    if (path is None) == (url is None):
        raise SourceError(
            "ingest takes either a path or --from URL." if path is None else "A path and --from exclude each other.",
            hint="alert-analytics ingest FILE, or alert-analytics ingest --from URL --source NAME",
        )
    if path is not None:
        if since is not None:
            raise SourceError("--since is for --from: a file is read whole.", hint="leave it out.")
        _ingest_file(path, source, store, tenant, complete_until, pseudonymise)
    elif url is not None:
        _pull(url, source, store, tenant, since, complete_until, pseudonymise)


def _ingest_file(
    path: str,
    source: Chosen,
    store: Path,
    tenant: str | None,
    complete_until: str | None,
    pseudonymise: tuple[str, ...],
) -> None:
    with _opened(store, tenant) as opened, console.status(Text(f"reading {path}")):
        report = opened.ingest(path, source=source, complete_until=complete_until, pseudonymise=pseudonymise)
    say(report.sentence)
    _say_refused(report)
    if report.n_read and report.n_quarantined == report.n_read:
        raise SourceError(
            f"{path}: every row was set aside.", hint=f"`alert-analytics inspect {path}` proposes how to read it."
        )
    _say_where(store, report)


def _pull(
    url: str,
    source: Chosen,
    store: Path,
    tenant: str | None,
    since: str | None,
    complete_until: str | None,
    pseudonymise: tuple[str, ...],
) -> None:
    if isinstance(source, Source) and not isinstance(source, Tabular):
        raise PullError("--severity is for files: a pull reads the words of its source.", hint="leave it out.")
    if not isinstance(source, str):
        raise PullError("--from needs --source: what is it that runs there?", hint=f"one of {', '.join(FEEDS)}.")
    if complete_until is not None:
        raise PullError("--complete-until is for files: a pull knows until when it is complete.", hint="leave it out.")
    said, share = TextColumn("{task.description}"), TextColumn("{task.percentage:.0f} %")
    columns = (said, BarColumn(), share, TextColumn("{task.fields[n]}"), TimeElapsedColumn())
    with _opened(store, tenant) as opened, Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(source, total=1, n="")

        def told(so_far: Told) -> None:
            records = f"{counted(so_far.n_records, 'record')}, {counted(so_far.n_pages, 'page')}"
            bar.update(task, completed=so_far.share, n=records)

        report = pull(opened, url, source=source, since=since, pseudonymise=pseudonymise, progress=told)
    say(report.sentence)
    for note in report.notes:
        show_note(note)
    _say_refused(report)
    _say_where(store, report)


@contextmanager
def _opened(path: Path, tenant: str | None) -> Iterator[AlertStore]:
    """Open a store; one that was made for this, and into which nothing came, goes again where it fails."""
    is_new, is_untouched = not os.path.lexists(path), False
    try:
        with AlertStore.open(path, tenant=tenant) as store:
            try:
                yield store
            except BaseException:
                is_untouched = store.is_untouched
                raise
    except BaseException:
        if is_new and is_untouched:
            path.unlink(missing_ok=True)
        raise


def _say_refused(report: IngestReport | PullReport) -> None:
    """Say why records of this ingest were set aside; the quarantine may hold those of others too."""
    shown = list(report.reasons.items())[:_REASONS]
    for reason, n in shown:
        say(f"  set aside: {n:,} x {reason}")
    further = report.n_quarantined - sum(n for _, n in shown)
    if further > 0:
        say(f"  set aside: {further:,} for further reasons")


def _say_where(store: Path, report: IngestReport | PullReport) -> None:
    if report.n_quarantined:
        say(f"  Rows set aside count in no answer; `alert-analytics quarantine --store {store}` lists them.")
