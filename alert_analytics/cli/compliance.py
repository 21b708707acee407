"""The verbs of a store's keeper: erase and export a person, retain, back up, restore, audit."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from alert_analytics.cli.options import length
from alert_analytics.cli.output import console, say, show_table
from alert_analytics.errors import HistoryError, PrivacyError, SourceNotFoundError
from alert_analytics.history import AlertStore

Store = Annotated[Path, typer.Option(help="The store's file.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask; needed where nobody can be asked.")]
Subject = Annotated[
    list[str] | None,
    typer.Option(
        help="What names the person; repeat. Left out, it is asked for or read from standard input, one a line, and "
        "stays out of the shell's history."
    ),
]


def erase(store: Store = Path("alerts.duckdb"), subject: Subject = None, yes: Yes = False) -> None:
    """Take a person out of a store and its backups: pseudonyms stand where the person was named."""
    with _opened(store) as opened:
        identifiers = _identifiers(subject)
        _confirm(f"Erase the person from {store} and its backups? This cannot be undone.", yes)
        with console.status(Text(f"writing {store} anew")):
            report = opened.erase(identifiers)
    say(report.sentence)


def export_subject(
    store: Store = Path("alerts.duckdb"),
    subject: Subject = None,
    out: Annotated[Path | None, typer.Option(help="A new file for the JSON, instead of printing it.")] = None,
    tenant: Annotated[str | None, typer.Option(help="Whose rows alone.")] = None,
) -> None:
    """Write everything in which a person is named, as JSON. Rows are whole and may name others: look them over."""
    with _opened(store, tenant=tenant) as opened:
        found = opened.export_subject(_identifiers(subject), out)
    if out is None:
        print(found.to_json())
    else:
        say(f"{found.sentence} Written to {out}; it may name others, too.")


def retain(
    store: Store = Path("alerts.duckdb"),
    days: Annotated[float | None, typer.Option(help="How long after its end an alert stays (90).")] = None,
    yes: Yes = False,
) -> None:
    """Let go of alerts that ended long ago, with their events, in the store and its backups."""
    age: timedelta | None = None if days is None else length("--days", days, days=1)
    with _opened(store) as opened:
        _confirm(f"Remove what ended long ago from {store} and its backups? This cannot be undone.", yes)
        with console.status(Text(f"looking through {store}")):
            report = opened.enforce_retention(age)
    say(report.sentence)


def backup(
    to: Annotated[Path, typer.Argument(help="A new file, or an earlier backup of this store.")],
    store: Store = Path("alerts.duckdb"),
) -> None:
    """Copy a store; the store remembers the copy, so that what is erased is erased there too."""
    with _opened(store) as opened:
        path = opened.backup(to)
    say(f"{path}: a copy of {store}. What is erased from the store is erased from it, as long as it stays there.")


def restore(
    copy: Annotated[Path, typer.Argument(help="The backup; it stays as it is.")],
    store: Store = Path("alerts.duckdb"),
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the store that is there.")] = False,
    yes: Yes = False,
) -> None:
    """Make a store of a backup. Who was erased after the backup was made is in it again."""
    if overwrite and store.exists():
        _confirm(f"Replace {store} by {copy}? This cannot be undone.", yes)
    AlertStore.restore(copy, store, overwrite=overwrite)
    say(f"{store}: as it was in {copy}. Erase anew whom you erased since then.")


def audit(
    store: Store = Path("alerts.duckdb"),
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show what was done to a store, and whether somebody changed the record of it."""
    with _opened(store) as opened:
        table, check = opened.audit(), opened.verify_audit()
    if as_json:
        rows = [
            {**row, "at": row["at"].isoformat(), "details": json.loads(row["details"])} for row in table.to_pylist()
        ]
        print(json.dumps({"is_sound": check.is_sound, "broken_at": check.broken_at, "records": rows}, indent=2))
    elif table.num_rows:
        show_table(table.select(["seq", "at", "action", "details"]), ["seq", "at", "action", "details"])
        console.print()
    if not check.is_sound:
        raise HistoryError(f"{store}: {check.sentence}", hint="compare with a backup: audit --store BACKUP.")
    if not as_json:
        say(check.sentence)


def add_to(app: typer.Typer) -> None:
    """Register the verbs."""
    for verb in (erase, export_subject, retain, backup, restore, audit):
        app.command(name=verb.__name__.replace("_", "-"))(verb)


@contextmanager
def _opened(path: Path, *, tenant: str | None = None) -> Iterator[AlertStore]:
    """Open a store that is there: a mistyped path must not make one in which nobody is found."""
    if not path.is_file():
        raise SourceNotFoundError(f"{path}: no such store.", hint="--store FILE names it.")
    with AlertStore.open(path, tenant=tenant) as store:
        yield store


def _identifiers(given: Sequence[str] | None) -> list[str]:
    if given:
        return list(given)
    if sys.stdin.isatty():
        text = typer.prompt("What names the person (several: separated by ;)", hide_input=True)
        found = [one.strip() for one in text.split(";")]
    else:
        found = [line.strip() for line in sys.stdin]
    found = [one for one in found if one]
    if not found:
        raise PrivacyError("No identifier was given.", hint="--subject NAME, or one a line on standard input.")
    return found


def _confirm(question: str, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise HistoryError("Nobody can be asked whether this is meant.", hint="say --yes.")
    typer.confirm(question, abort=True)
