"""Look at a table nobody has described, and propose how to read it as alerts: a mapping with its evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from alert_analytics.errors import SourceError
from alert_analytics.sources.inspection_doubts import LIFE, doubts_of
from alert_analytics.sources.inspection_given import Given, lay_over
from alert_analytics.sources.inspection_lines import python_lines, shell_command
from alert_analytics.sources.inspection_mapping import assign
from alert_analytics.sources.inspection_payload import Payloads, is_json, payloads_of
from alert_analytics.sources.inspection_roles import Roles
from alert_analytics.sources.inspection_sheet import Sheet, read_sheet
from alert_analytics.sources.inspection_times import TimeColumn, time_columns
from alert_analytics.sources.tabular import Tabular
from alert_analytics.tables import counted

_SERVICENOW = {"number", "sys_mod_count", "sys_updated_at", "incident_state"}


class Evidence(NamedTuple):
    """One finding.

    Attributes
    ----------
    what : str
        What was looked at: a property of the file, or a canonical column.
    finding : str
        What was found.
    because : str
        How one can tell.
    """

    what: str
    finding: str
    because: str


@dataclass(frozen=True)
class Inspection:
    """What a file seems to be.

    Attributes
    ----------
    path : Path
        The file.
    n_rows : int
        Rows, or payloads, in the whole file.
    source : str
        ``tabular``, or the name of the source that knows this format.
    tabular : Tabular or None
        The proposed mapping; also where another source is the better choice, but None where the file holds payloads.
    python : str
        Ready lines of Python that read the file into a store.
    command : str
        The same for the shell.
    evidence : tuple of Evidence
        Why, in the order in which a reader would ask.
    left_out : dict of str to str
        By column of the file, why it has no part.
    warnings : tuple of str
        What to check before trusting it.
    """

    path: Path
    n_rows: int
    source: str
    tabular: Tabular | None
    python: str
    command: str
    evidence: tuple[Evidence, ...]
    left_out: Mapping[str, str]
    warnings: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """The answer in words."""
        if self.tabular is None:
            return (
                f"{self.path.name} holds {counted(self.n_rows, 'payload')} of {self.source}; read it with that source."
            )
        columns, rows = self.tabular.columns, counted(self.n_rows, "row")
        if self.source != "tabular":
            return f"{self.path.name} is a {self.source} export of {rows}; read it with that source."
        end = f"ends at {columns['resolved_at']}" if "resolved_at" in columns else "has no end"
        n = len(self.warnings)
        checks = "nothing speaks against it" if not n else f"{counted(n, 'thing')} to check"
        return (
            f"{self.path.name} has {rows}, each read as an alert that begins at {columns['fired_at']} "
            f"and {end}, in the format {self.tabular.timestamp_format}; {checks}."
        )


def inspect_file(
    path: str | Path,
    sample_rows: int = 20_000,
    *,
    columns: Mapping[str, str] | None = None,
    severities: Mapping[str, str] | None = None,
    timezone: str = "UTC",
) -> Inspection:
    """Look at a CSV (any usual separator, also gzipped) or Parquet file and propose how to read it.

    A proposal, not knowledge: read its warnings. In particular, times without an offset are taken as UTC, and a file
    in which no day exceeds 12 does not say whether day or month comes first. Of a JSON file it finds out which source's
    payloads it holds.

    Parameters
    ----------
    path : str or Path
        The file.
    sample_rows : int
        About how many rows to look at closely, taken from the whole file.
    columns : mapping of str to str, optional
        Canonical column to the file's column, where you know better than the guess.
    severities : mapping of str to str, optional
        The file's word to ours, likewise.
    timezone : str
        The zone of times that carry no offset.

    Returns
    -------
    Inspection
        The mapping, ready to use, with its evidence.

    Raises
    ------
    SourceNotFoundError
        There is no such file.
    SourceError
        It is empty, no table, or has no column of times; the message lists the columns seen. It is JSON that no source
        reads. Or `columns` names what is not there, or what holds no times where it should.
    """
    path, given = Path(path), Given(columns or {}, severities or {}, timezone)
    if is_json(path):
        return _of_payloads(path, payloads_of(path), given)
    sheet = read_sheet(path, sample_rows)
    times = time_columns(sheet)
    roles = assign(sheet, times)
    lay_over(roles, sheet, times, given)
    if "fired_at" not in roles.columns:
        seen = f"the times in {', '.join(times)} are later changes" if times else "none of them holds times"
        raise SourceError(
            f"{path}: no column says when an alert began; it has {_listed(sheet.columns)}, and {seen}.",
            hint="an alert history needs a time on every row; is this the right file?",
        )
    fired = times[roles.columns["fired_at"]]
    _hold_to_one_format(roles, times, fired)
    tabular = Tabular(
        columns={role: roles.columns[role] for role in sorted(roles.columns, key=_place)},
        timestamp_format="iso" if fired.format == "native" else fired.format,
        missing=_missing(sheet, roles, times),
        timezone=timezone,
        severities=roles.severities,
        labels=roles.labels,
        # A bare tab does not survive being pasted into a shell; the reader takes this spelling too.
        delimiter=None if sheet.cut is None else sheet.cut.delimiter.replace("\t", "\\t"),
        decimal=sheet.decimal,
    )
    source = "servicenow" if set(sheet.columns) >= _SERVICENOW and given.is_nothing else "tabular"
    return Inspection(
        path=path,
        n_rows=sheet.n_rows,
        source=source,
        tabular=tabular,
        python=python_lines(path, tabular.code() if source == "tabular" else repr(source), sheet.cut),
        command=shell_command(path, tabular.arguments() if source == "tabular" else f"--source {source}", sheet.cut),
        evidence=tuple(_evidence(sheet, roles, times, source, timezone)),
        left_out={name: why for name, why in roles.left_out.items() if name not in _used(tabular)},
        warnings=tuple(doubts_of(sheet, roles, times, source=source, timezone=timezone)),
    )


def _of_payloads(path: Path, found: Payloads, given: Given) -> Inspection:
    if given.columns or given.timezone != "UTC":
        raise SourceError(
            f"{path}: holds payloads of {found.source}, which have no columns to map and times with an offset.",
            hint="leave --map and --timezone out; --severity may stay.",
        )
    code, options = found.told(given.severities)
    return Inspection(
        path=path,
        n_rows=found.n_payloads,
        source=found.source,
        tabular=None,
        python=python_lines(path, code),
        command=shell_command(path, options),
        evidence=(Evidence("source", found.source, found.because),),
        left_out={},
        warnings=found.warnings,
    )


def _place(role: str) -> int:
    order = ("fingerprint", *LIFE, "severity", "service", "rule", "team")
    return order.index(role) if role in order else len(order)


def _used(tabular: Tabular) -> set[str]:
    return {*tabular.columns.values(), *tabular.labels}


def _listed(columns: Mapping[str, object]) -> str:
    names = list(columns)
    return ", ".join(names[:15]) + (f", ... ({len(names)} columns)" if len(names) > 15 else "")


def _hold_to_one_format(roles: Roles, times: Mapping[str, TimeColumn], fired: TimeColumn) -> None:
    """A mapping has one time format: columns in another one cannot come along."""
    for role in LIFE[1:]:
        column = times.get(roles.columns.get(role, ""))
        if column is not None and column.format not in (fired.format, "native"):
            del roles.columns[role]
            roles.left_out[column.name] = f"its times are {column.format}, those of {fired.name} are {fired.format}"
            roles.warnings.append(f"{column.name} ({role}) is left out: {roles.left_out[column.name]}.")


def _missing(sheet: Sheet, roles: Roles, times: Mapping[str, TimeColumn]) -> list[str]:
    """Collect the marks found anywhere and those of the time columns; a mapping has one list for all columns."""
    used = [name for name in (*roles.columns.values(), *roles.labels) if name not in times]
    local = sorted({mark for name in roles.columns.values() if name in times for mark in times[name].marks})
    for mark in local:
        also = [name for name in used if mark in sheet.tally(name)]
        if also:
            # Better a null there than rows without a readable time.
            roles.warnings.append(f"{mark!r} stands for no time, and so counts as missing in {', '.join(also)} too.")
    return [*sheet.marks, *local]


def _evidence(
    sheet: Sheet, roles: Roles, times: Mapping[str, TimeColumn], source: str, timezone: str
) -> list[Evidence]:
    fired = times[roles.columns["fired_at"]]
    found = [Evidence(*one) for one in sheet.evidence]
    if source == "servicenow":
        told = f"it has the columns {', '.join(sorted(_SERVICENOW))}: each row is one change of an incident"
        found.append(Evidence("source", "the ServiceNow event log", told))
    found.append(Evidence("time format", fired.format, fired.because))
    zone = "in the values" if fired.zoned else "none given, UTC assumed" if timezone == "UTC" else timezone
    told = f"the values of {fired.name} carry one" if fired.zoned else f"no value of {fired.name} carries an offset"
    if fired.format.startswith("epoch"):
        zone, told = "UTC", "counts since 1970 are in UTC"
    found.append(Evidence("zone", zone, told))
    found += [Evidence(role, roles.columns[role], roles.because[role]) for role in sorted(roles.columns, key=_place)]
    if roles.labels:
        found.append(Evidence("labels", ", ".join(roles.labels), "few distinct values each"))
    return found
