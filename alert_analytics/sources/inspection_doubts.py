"""What to check before a proposal is trusted."""

from __future__ import annotations

from collections.abc import Mapping

from alert_analytics.sources.inspection_roles import Roles
from alert_analytics.sources.inspection_sheet import Sheet
from alert_analytics.sources.inspection_times import TimeColumn
from alert_analytics.sources.inspection_words import forms
from alert_analytics.tables import counted

LIFE = ("fired_at", "acknowledged_at", "resolved_at")
"""The times of an alert's life, in their order."""

_OVER = {"resolved", "closed", "ok", "recovery", "recovered", "cleared", "clear", "end"}


def doubts_of(sheet: Sheet, roles: Roles, times: Mapping[str, TimeColumn], *, source: str, timezone: str) -> list[str]:
    """Say what to check before a proposal is trusted, the gravest first."""
    if source == "servicenow":
        changes = f"{counted(sheet.n_rows, 'row')} of {counted(sheet.exact('number', most=0)[1], 'incident')}"
        return [
            f"Each row is one change of an incident ({changes}): a Tabular would count each change as an alert or show "
            "only final states; source='servicenow' folds them and knows what was known when."
        ]
    found = list(roles.warnings)
    used = {role: times[roles.columns[role]] for role in LIFE if role in roles.columns}
    doubts: dict[str, list[str]] = {}
    for column in used.values():
        if column.doubt:
            doubts.setdefault(column.doubt, []).append(column.name)
    found += [f"{', '.join(names)}: {doubt}." for doubt, names in doubts.items()]
    for role, column in used.items():
        found += _about_times(sheet, role, column, timezone)
    if "resolved_at" not in roles.columns:
        found += _about_changes(sheet)
    if sheet.cut and sheet.cut.encoding != "utf-8":
        found.append(f"The file is {sheet.cut.encoding}, a Tabular reads UTF-8: the lines proposed convert it first.")
    return found


def _about_times(sheet: Sheet, role: str, column: TimeColumn, timezone: str) -> list[str]:
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
    if not column.zoned and timezone == "UTC":
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
