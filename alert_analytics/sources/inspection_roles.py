"""What each column of a file seems to be, and first of all its times: names propose, values decide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from alert_analytics.sources.inspection_times import TimeColumn
from alert_analytics.sources.inspection_words import TIME_STEMS, forms, plain

_LATER = {"updated", "update", "modified", "changed", "ingested", "inserted", "last"}


@dataclass
class Roles:
    """What each column seems to be; filled step by step.

    Attributes
    ----------
    columns : dict of str to str
        Canonical column to the file's column.
    because : dict of str to str
        By canonical column, how one can tell.
    severities : dict of str to str
        The file's words to ours, where they differ.
    labels : list of str
        Columns worth keeping for grouping.
    left_out : dict of str to str
        By column of the file, why it is not used.
    warnings : list of str
        What a user should check.
    """

    columns: dict[str, str] = field(default_factory=dict)
    because: dict[str, str] = field(default_factory=dict)
    severities: dict[str, str] = field(default_factory=dict)
    labels: list[str] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def take(self, role: str, column: str, because: str) -> None:
        """Give a column its role."""
        self.columns[role] = column
        self.because[role] = because

    def free(self, column: str) -> bool:
        """Whether a column has no role yet."""
        return column not in self.columns.values()


def named(names: tuple[str, ...], columns: list[str], *, time: bool) -> list[str]:
    """List the columns that may be meant by one of these names, the best first."""
    ranked = []
    for column in columns:
        for shortened, form in enumerate(forms(column, time=time)):
            if form in names:
                ranked.append((shortened, names.index(form), column))
                break
    return [column for _, _, column in sorted(ranked, key=lambda found: found[:2])]


def assign_times(roles: Roles, times: Mapping[str, TimeColumn]) -> None:
    """Find when an alert began, was taken and ended."""
    for role in ("acknowledged_at", "resolved_at", "fired_at"):
        for column in named(TIME_STEMS[role], list(times), time=True):
            if roles.free(column):
                roles.take(role, column, "by its name")
                break
    unnamed = [name for name in times if roles.free(name) and not set(plain(name).split()) & _LATER]
    if "fired_at" not in roles.columns and unnamed:
        first = max(unnamed, key=lambda name: sum(_earlier(times[name], other) for other in times.values()))
        roles.take(
            "fired_at", first, "no name says when an alert began; this is the earliest of the times in most rows"
        )
    if "fired_at" not in roles.columns:
        return
    fired = times[roles.columns["fired_at"]]
    for role in ("acknowledged_at", "resolved_at"):
        if role in roles.columns:
            _check_after(roles, role, fired, times[roles.columns[role]])
    if "resolved_at" not in roles.columns:
        _guess_end(roles, times, fired)
    for name in times:
        if roles.free(name):
            roles.left_out.setdefault(name, "a time without a part in an alert's life")
    if "resolved_at" not in roles.columns:
        roles.warnings.append(
            "No column says when an alert ended: all alerts count as open, and no durations are known."
        )


def _guess_end(roles: Roles, times: Mapping[str, TimeColumn], fired: TimeColumn) -> None:
    """Where no name says when an alert ended: the one further time that is never before the beginning."""
    later = [name for name in times if roles.free(name) and not set(plain(name).split()) & _LATER]
    candidates = [name for name in later if _pairs(fired, times[name]) and _earlier(fired, times[name]) >= 0.95]
    if len(candidates) == 1:
        roles.take("resolved_at", candidates[0], "no name says when an alert ended; this is the one later time")
        roles.warnings.append(f"{candidates[0]} is taken for the end because it lies after {fired.name}: is it?")
        _check_after(roles, "resolved_at", fired, times[candidates[0]])


def _pairs(one: TimeColumn, other: TimeColumn) -> int:
    return sum(bool(a and b) for a, b in zip(one.moments, other.moments, strict=True))


def _earlier(one: TimeColumn, other: TimeColumn) -> float:
    pairs = [(a, b) for a, b in zip(one.moments, other.moments, strict=True) if a and b]
    return sum(a <= b for a, b in pairs) / len(pairs) if pairs else 0.0


def _check_after(roles: Roles, role: str, fired: TimeColumn, later: TimeColumn) -> None:
    pairs = [(a, b) for a, b in zip(fired.moments, later.moments, strict=True) if a and b]
    before = sum(b < a for a, b in pairs)
    told = f"never before {fired.name}" if not before else f"before {fired.name} in {before:,} of {len(pairs):,} rows"
    if pairs and before > 0.2 * len(pairs):
        roles.left_out[later.name] = f"named like {role}, but {told}"
        roles.warnings.append(f"{later.name} is named like {role}, but lies {told}; it is left out.")
        del roles.columns[role]
        return
    roles.because[role] += f", and {told}"
    if before:
        roles.warnings.append(f"{later.name} lies {told}; such rows go to quarantine.")
