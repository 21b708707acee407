"""Look at a table nobody has described, and propose how to read it as alerts: a mapping with its evidence."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from alert_analytics.errors import SourceError
from alert_analytics.sources.inspection_mapping import assign
from alert_analytics.sources.inspection_roles import Roles
from alert_analytics.sources.inspection_sheet import Sheet, read_sheet
from alert_analytics.sources.inspection_times import TimeColumn, time_columns
from alert_analytics.sources.inspection_words import forms
from alert_analytics.sources.tabular import Tabular
from alert_analytics.tables import counted

_SERVICENOW = {"number", "sys_mod_count", "sys_updated_at", "incident_state"}
_OVER = {"resolved", "closed", "ok", "recovery", "recovered", "cleared", "clear", "end"}
_TIMES = ("fired_at", "acknowledged_at", "resolved_at")


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
        Rows in the whole file.
    source : str
        ``tabular``, or the name of the source that knows this format.
    tabular : Tabular
        The proposed mapping; also where another source is the better choice.
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
    tabular: Tabular
    python: str
    command: str
    evidence: tuple[Evidence, ...]
    left_out: Mapping[str, str]
    warnings: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """The answer in words."""
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


def inspect_file(path: str | Path, sample_rows: int = 20_000) -> Inspection:
    """Look at a CSV (any usual separator, also gzipped) or Parquet file and propose how to read it.

    A proposal, not knowledge: read its warnings. In particular, times without an offset are taken as UTC, and a file
    in which no day exceeds 12 does not say whether day or month comes first.

    Parameters
    ----------
    path : str or Path
        The file.
    sample_rows : int
        About how many rows to look at closely, taken from the whole file.

    Returns
    -------
    Inspection
        The mapping, ready to use, with its evidence.

    Raises
    ------
    SourceNotFoundError
        There is no such file.
    SourceError
        It is empty, no table, or has no column of times; the message lists the columns seen.
    """
    path = Path(path)
    sheet = read_sheet(path, sample_rows)
    times = time_columns(sheet)
    roles = assign(sheet, times)
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
        severities=roles.severities,
        labels=roles.labels,
        # A bare tab does not survive being pasted into a shell; the reader takes this spelling too.
        delimiter=None if sheet.cut is None else sheet.cut.delimiter.replace("\t", "\\t"),
        decimal=sheet.decimal,
    )
    source = "servicenow" if set(sheet.columns) >= _SERVICENOW else "tabular"
    return Inspection(
        path=path,
        n_rows=sheet.n_rows,
        source=source,
        tabular=tabular,
        python=_python(path, source, tabular, sheet),
        command=_command(path, source, tabular, sheet),
        evidence=tuple(_evidence(sheet, roles, times, source)),
        left_out={name: why for name, why in roles.left_out.items() if name not in _used(tabular)},
        warnings=tuple(_warnings(sheet, roles, times, source)),
    )


def _place(role: str) -> int:
    order = ("fingerprint", *_TIMES, "severity", "service", "rule", "team")
    return order.index(role) if role in order else len(order)


def _used(tabular: Tabular) -> set[str]:
    return {*tabular.columns.values(), *tabular.labels}


def _listed(columns: Mapping[str, object]) -> str:
    names = list(columns)
    return ", ".join(names[:15]) + (f", ... ({len(names)} columns)" if len(names) > 15 else "")


def _hold_to_one_format(roles: Roles, times: Mapping[str, TimeColumn], fired: TimeColumn) -> None:
    """A mapping has one time format: columns in another one cannot come along."""
    for role in _TIMES[1:]:
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


def _python(path: Path, source: str, tabular: Tabular, sheet: Sheet) -> str:
    before, made = "", repr(source) if source != "tabular" else tabular.code()
    if sheet.cut and sheet.cut.encoding != "utf-8":
        opened = f"gzip.open({str(path)!r}, 'rt'" if path.suffix == ".gz" else f"open({str(path)!r}"
        before = "import gzip\n" * (path.suffix == ".gz") + "from pathlib import Path\n\n"
        path = _utf8(path)
        before += f"with {opened}, encoding={sheet.cut.encoding!r}) as file:\n"
        before += f"    Path({str(path)!r}).write_text(file.read(), encoding='utf-8')\n\n"
    return (
        f"{before}import alert_analytics as aa\n\n"
        f'store = aa.AlertStore.open("alerts.duckdb")\n'
        f"source = {made}\n"
        f"report = store.ingest({str(path)!r}, source=source)"
    )


def _command(path: Path, source: str, tabular: Tabular, sheet: Sheet) -> str:
    before = ""
    if sheet.cut and sheet.cut.encoding != "utf-8":
        unpacked = f"{'zcat' if path.suffix == '.gz' else 'cat'} {shlex.quote(str(path))}"
        path = _utf8(path)
        before = f"{unpacked} | iconv -f {sheet.cut.encoding} -t utf-8 > {shlex.quote(str(path))} && "
    options = tabular.arguments() if source == "tabular" else f"--source {source}"
    return f"{before}alert-analytics ingest {shlex.quote(str(path))} --store alerts.duckdb {options}"


def _utf8(path: Path) -> Path:
    """Name the copy that a file in another encoding is converted to, in the folder where one works."""
    return Path(path.name.removesuffix(".gz")).with_suffix(".utf8.csv")


def _evidence(sheet: Sheet, roles: Roles, times: Mapping[str, TimeColumn], source: str) -> list[Evidence]:
    fired = times[roles.columns["fired_at"]]
    found = [Evidence(*one) for one in sheet.evidence]
    if source == "servicenow":
        told = f"it has the columns {', '.join(sorted(_SERVICENOW))}: each row is one change of an incident"
        found.append(Evidence("source", "the ServiceNow event log", told))
    found.append(Evidence("time format", fired.format, fired.because))
    zone = "in the values" if fired.zoned else "none given, UTC assumed"
    told = f"the values of {fired.name} carry one" if fired.zoned else f"no value of {fired.name} carries an offset"
    if fired.format.startswith("epoch"):
        zone, told = "UTC", "counts since 1970 are in UTC"
    found.append(Evidence("zone", zone, told))
    found += [Evidence(role, roles.columns[role], roles.because[role]) for role in sorted(roles.columns, key=_place)]
    if roles.labels:
        found.append(Evidence("labels", ", ".join(roles.labels), "few distinct values each"))
    return found


def _warnings(sheet: Sheet, roles: Roles, times: Mapping[str, TimeColumn], source: str) -> list[str]:
    if source == "servicenow":
        changes = f"{counted(sheet.n_rows, 'row')} of {counted(sheet.exact('number', most=0)[1], 'incident')}"
        return [
            f"Each row is one change of an incident ({changes}): a Tabular would count each change as an alert or show "
            "only final states; source='servicenow' folds them and knows what was known when."
        ]
    found = list(roles.warnings)
    used = {role: times[roles.columns[role]] for role in _TIMES if role in roles.columns}
    doubts: dict[str, list[str]] = {}
    for column in used.values():
        if column.doubt:
            doubts.setdefault(column.doubt, []).append(column.name)
    found += [f"{', '.join(names)}: {doubt}." for doubt, names in doubts.items()]
    for role, column in used.items():
        found += _about_times(sheet, role, column)
    if "resolved_at" not in roles.columns:
        found += _about_changes(sheet)
    if sheet.cut and sheet.cut.encoding != "utf-8":
        found.append(f"The file is {sheet.cut.encoding}, a Tabular reads UTF-8: the lines proposed convert it first.")
    return found


def _about_times(sheet: Sheet, role: str, column: TimeColumn) -> list[str]:
    found = []
    rows = f"of {counted(sheet.n_sampled, 'row')} looked at"
    if column.unread:
        like = ", ".join(map(repr, list(column.unread)[:3]))
        n = column.unread.total()
        found.append(f"{column.name}: {n:,} {rows} hold no such time ({like}); they go to quarantine.")
    if column.marks:
        found.append(f"{column.name}: {', '.join(map(repr, column.marks))} is taken as no time at all.")
    if role != "fired_at":
        return found
    empty = column.moments.count(None) - column.unread.total()
    if empty:
        found.append(f"{column.name} is empty in {empty:,} {rows}; they go to quarantine.")
    if not column.zoned:
        found.append(f"{column.name} names no zone: UTC is assumed. If it is local time, set timezone='Europe/Paris'.")
    return found


def _about_changes(sheet: Sheet) -> list[str]:
    """Warn of a log in which the beginning and the end of an alert are rows of their own."""
    for name in sheet.columns:
        if {"status", "state"} & set(forms(name, time=False)):
            over = sorted({value.lower() for value in sheet.tally(name)} & _OVER)
            if over:
                return [
                    f"{name} holds {', '.join(over)}, but no column holds the end: the file may be a log of changes, "
                    "in which each alert has several rows and each row would count as an alert."
                ]
    return []
