"""What a store offers for the sake of persons and of its own safety: erasure, retention, audit, backups."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import pyarrow as pa

from alert_analytics.alerts.compliance import (
    AuditCheck,
    ErasureReport,
    RetentionReport,
    SubjectExport,
    canonical_json,
)
from alert_analytics.alerts.pseudonyms import Identifiers, pseudonym
from alert_analytics.errors import HistoryError
from alert_analytics.history import audit, backup
from alert_analytics.history.base import Base
from alert_analytics.history.erasure import Erasure, refuse_named_backups
from alert_analytics.history.retention import Retention
from alert_analytics.history.rewriting import rewrite
from alert_analytics.history.scope import moment
from alert_analytics.history.subject import exported
from alert_analytics.settings import Settings

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_AUDIT = pa.schema(
    [
        ("seq", pa.int64()),
        ("at", pa.timestamp("us")),
        ("action", pa.string()),
        ("details", pa.string()),
        ("previous_hash", pa.string()),
        ("hash", pa.string()),
    ]
)


class Compliance:
    """The part of :class:`AlertStore` that rewrites, copies and records; whose file it is, all of its tenants share."""

    _base: Base
    _path: str
    _tenant: str | None
    _writing: Lock

    def erase(self, subject: str | Iterable[str]) -> ErasureReport:
        """Take a person out of the store and its backups: a pseudonym stands where an identifier stood.

        The files are written anew, since deleted rows stay in a database's file. What the file system, a snapshot or a
        copy made without :meth:`backup` still holds is out of reach. Restoring a backup that was moved away brings the
        person back, and so does ingesting again a file that names them, unless ``ingest(pseudonymise=...)`` names its
        fields.

        Parameters
        ----------
        subject : str or iterable of str
            Everything that names the person: login, name, address. Found as a whole word, in any case, in every text
            (labels and their names, metadata, messages, fingerprints, rows set aside); numbers and times are not looked
            at. A name that is also a common word takes that word's place, too.

        Returns
        -------
        ErasureReport
            It does not name the person. Where nobody was found it has no pseudonyms, and no file was written anew.

        Raises
        ------
        PrivacyError
            An identifier is too short or a word of the library's own; nothing was changed.
        HistoryError
            The store was opened for a tenant: the file is everyone's.
        StoreLockedError, SourceError, QueryError
            A reader does not end, a backup cannot be read, or the disk is full. Ask again when that is mended: what was
            done already is not done twice.

        Notes
        -----
        Pseudonyms are made with ``ALERT_PSEUDONYM_KEY`` where it is set, so that the same person gets the same one
        again; else with a random key that nobody keeps. The alerts are folded anew from the events, and are those of a
        store that ingested the same events with the pseudonym.

        A fingerprint that was computed of labels as Prometheus and Alertmanager do it, which anybody can who guesses
        the labels, becomes the one of the new labels, in all events of the alert. A fingerprint that a vendor made of
        the person in another way is not known as such and stays.
        """
        self._for_operators("erase")
        identifiers = Identifiers.of(subject)
        key = Settings.load().pseudonym_key
        chosen = key or secrets.token_bytes(32)
        names = tuple(pseudonym(chosen, one) for one in identifiers.texts)
        with self._writing:
            copies = backup.known(self._base.cursor())
            refuse_named_backups(copies, identifiers)
            details: dict[str, object] = {"is_keyed": key is not None}

            erasure = Erasure(identifiers, names, details)

            def erased(base: Base, path: str) -> bool:
                is_there = next(erasure.where(base.cursor()), None) is not None
                if is_there:
                    rewrite(base, path, erasure.fill, erasure.mend)
                return is_there

            done = backup.in_backups(copies, erased)  # first: if it fails, asking again finds everything to be done
            details |= {"n_backups": len(done.rewritten), "n_backups_missing": len(done.missing)}
            erasure.changed.clear()
            if erased(self._base, self._path):
                self._forget_folds()
            else:
                names = names if done.rewritten else ()
                _recorded(self._base.cursor(), "erase", {**details, "pseudonyms": list(names), "rows": {}})
            changed = {table: n for table, n in erasure.changed.items() if n}
        return ErasureReport(names, key is not None, changed, done)

    def export_subject(self, subject: str | Iterable[str], path: str | Path | None = None) -> SubjectExport:
        """Collect everything in which a person's identifiers occur; of the tenant's rows where it was opened for one.

        Rows are whole, so they can hold what belongs to other persons: look them over before they are handed out.

        Parameters
        ----------
        subject : str or iterable of str
            As in :meth:`erase`.
        path : str or Path, optional
            A new file to write it to as JSON.

        Raises
        ------
        PrivacyError
            An identifier is too short or a word of the library's own.
        HistoryError
            The file exists.
        """
        identifiers = Identifiers.of(subject)
        found = exported(self._base.cursor(), self._tenant, identifiers)
        if path is not None:
            try:
                with Path(path).open("x", encoding="utf-8") as file:
                    file.write(found.to_json() + "\n")
            except FileExistsError as error:
                raise HistoryError(f"{path}: it exists and is left as it is.", hint="give a new path.") from error
        with self._writing:
            _recorded(self._base.cursor(), "export", {"n_rows": found.n_rows})
        return found

    def enforce_retention(
        self, max_age: timedelta | None = None, *, now: datetime | str | None = None
    ) -> RetentionReport:
        """Let go of the alerts that ended long ago, with their events, and of rows that were set aside long ago.

        Open alerts stay, however old they are. What stays is as it was, but for what was known at moments before
        (``as_of``). The store and its backups are written anew. Done again, it changes nothing.
        Ingesting a file again brings back what it holds.

        Parameters
        ----------
        max_age : timedelta, optional
            How long after its end an alert is kept; by default ``ALERT_MAX_RETENTION_DAYS``.
        now : datetime or str, optional
            Instead of the present.

        Raises
        ------
        HistoryError
            `max_age` is negative, or the store was opened for a tenant: the file is everyone's.
        StoreLockedError, SourceError, QueryError
            A reader does not end, a backup cannot be read, or the disk is full.
        """
        self._for_operators("enforce_retention")
        age = timedelta(days=Settings.load().max_retention_days) if max_age is None else max_age
        if age < timedelta(0):
            raise HistoryError(f"max_age is {age}; expected none that is negative.")
        present = datetime.now(UTC).replace(tzinfo=None) if now is None else moment(now, "now")
        try:
            until = present - age
        except OverflowError:
            until = datetime.min
        with self._writing:
            done = Retention(until)

            def retained(base: Base, path: str) -> bool:
                goes = done.weigh(base.cursor())
                if goes:
                    rewrite(base, path, done.fill, done.mend)
                return goes

            copies = backup.in_backups(backup.known(self._base.cursor()), retained)
            if retained(self._base, self._path):
                self._forget_folds()
        return RetentionReport(until, done.n_alerts, done.n_events, done.n_quarantined, copies)

    def audit(self) -> pa.Table:
        """List what was done to the store: a row per record, ``details`` as JSON text.

        Returns
        -------
        pyarrow.Table
            ``seq, at, action, details, previous_hash, hash``.
        """
        self._for_operators("audit")
        rows = [
            {**vars(one), "details": canonical_json(dict(one.details))} for one in audit.records(self._base.cursor())
        ]
        return pa.Table.from_pylist(rows, schema=_AUDIT)

    def verify_audit(self) -> AuditCheck:
        """Check that no record of the audit was changed or taken out.

        A chain that was cut off at its end looks sound: keep ``.head`` elsewhere, and compare.
        """
        self._for_operators("verify_audit")
        return audit.check(self._base.cursor())

    def backup(self, path: str | Path) -> Path:
        """Copy the store as it is at this moment, while others read; what is erased later is erased in the copy too.

        Parameters
        ----------
        path : str or Path
            A new file, or an earlier backup of this store, which is replaced at once.

        Raises
        ------
        SourceError
            Something else lies there.
        QueryError
            It could not be written; what lay there is as it was.
        """
        self._for_operators("backup")
        with self._writing:
            return backup.back_up(self._base, self._path, path)

    def backups(self) -> list[str]:
        """Paths of the backups that the store remembers."""
        self._for_operators("backups")
        return backup.known(self._base.cursor())

    def forget_backups(self) -> tuple[str, ...]:
        """Stop remembering the backups that are no longer there, and give their paths."""
        self._for_operators("forget_backups")
        with self._writing:
            return backup.forget(self._base.cursor())

    @classmethod
    def restore(cls, backup_path: str | Path, path: str | Path, *, overwrite: bool = False) -> None:
        """Make a store of a backup, which stays as it is. What was erased after the backup was made is there again.

        The new store knows the backups of the one that it takes the place of, too, where that could still be read; and
        its audit records how many records that one's had, and the last hash (``n_replaced``, ``replaced_head``).

        Parameters
        ----------
        backup_path, path : str or Path
            The backup, and where the store goes.
        overwrite : bool
            Whether a store (even a broken one) may lie at `path`; it is replaced at once.

        Raises
        ------
        SourceError
            The backup is no store or was tampered with, or something lies at `path` that is not to be overwritten.
        StoreLockedError
            Somebody has the store at `path` open.
        """
        backup.restore(backup_path, path, overwrite=overwrite)

    def _for_operators(self, what: str) -> None:
        if self._tenant is not None:
            raise HistoryError(
                f"{what}() on the store of tenant {self._tenant!r}: the file and its records are every tenant's.",
                hint="open the store without a tenant.",
            )

    def _forget_folds(self) -> None:
        """What was folded for moments of the past was folded from events that are no more."""
        while self._base._folds:
            self._base.cursor().execute(f"DROP TABLE {self._base._folds.popitem()[1]}")


def _recorded(cursor: DuckDBPyConnection, action: str, details: dict[str, object]) -> None:
    cursor.execute("BEGIN TRANSACTION")
    try:
        audit.append(cursor, action, details)
    except BaseException:
        cursor.execute("ROLLBACK")
        raise
    cursor.execute("COMMIT")
