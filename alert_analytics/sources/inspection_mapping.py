"""Which column is which: names propose, values decide."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from alert_analytics.sources.inspection_roles import Roles, assign_times, named
from alert_analytics.sources.inspection_sheet import Sheet
from alert_analytics.sources.inspection_text import NUMBER
from alert_analytics.sources.inspection_times import TimeColumn
from alert_analytics.sources.inspection_words import (
    COLUMN_NAMES,
    PERSON,
    PLACE,
    forms,
    names_an_identity,
    plain,
    severity_words,
    speak_of_severity,
)
from alert_analytics.tables import counted

_KEYS = ("fingerprint", "dedup key", "dedupe key", "dedup id", "alert key", "alert hash")
_COUNTS = ("occurrences", "escalations", "reassignments", "reopens", "notifications")
MOST_LABELS = 10


def assign(sheet: Sheet, times: Mapping[str, TimeColumn]) -> Roles:
    """Find the canonical column behind each of the file's columns.

    Parameters
    ----------
    sheet : Sheet
        A sampled file.
    times : mapping of str to TimeColumn
        Its time columns.

    Returns
    -------
    Roles
        Without ``fired_at`` where no time column can be it.
    """
    roles = Roles()
    assign_times(roles, times)
    flat = [name for name, kind in sheet.kinds.items() if name not in times and not _is_nested(kind)]
    for role, test in (
        ("severity", _is_severity), ("tenant_id", _is_group), ("service", _is_group), ("fingerprint", _is_identity),
        ("rule", _is_group), ("team", _is_group), ("assignee", _is_text), ("message", _is_text), ("value", _is_number),
        *((count, _is_number) for count in _COUNTS),
    ):  # fmt: skip
        for column in named(COLUMN_NAMES[role], flat, time=False):
            if roles.free(column) and test(roles, sheet, column):
                roles.because.setdefault(role, f"by its name, and {_seen(sheet, column)}")
                roles.columns[role] = column
                break
    if "severity" not in roles.columns:
        _guess_severity(roles, sheet, flat)
    if "fingerprint" not in roles.columns and "fired_at" in roles.columns:
        _guess_identity(roles, sheet, flat)
    _assign_labels(roles, sheet, flat)
    likely = {"rule": roles.labels, "severity": [name for name in roles.labels if _may_be_severity(sheet, name)]}
    for role, labels in likely.items():
        if role not in roles.columns and labels:
            roles.warnings.append(
                f"No column is read as {role}; if {' or '.join(labels[:4])} is it, add --map {role}=COLUMN"
                + (" and --severity WORD=critical for its words." if role == "severity" else ".")
            )
    return roles


def unranked(column: str, words: Iterable[str]) -> str:
    """Warn of words whose severity is not known."""
    return (
        f"{column} has words without a known severity: {', '.join(map(repr, words))}; add them to `severities`, "
        "or their rows go to quarantine."
    )


def _guess_severity(roles: Roles, sheet: Sheet, flat: list[str]) -> None:
    """Where no column is named like a severity: the one column whose words all are severities."""
    spoken = [name for name in flat if roles.free(name) and _may_be_severity(sheet, name)]
    fitting = [name for name in spoken if speak_of_severity(sheet.tally(name))]
    if len(fitting) == 1 and _is_severity(roles, sheet, fitting[0]):
        roles.columns["severity"] = fitting[0]
        roles.because["severity"] += "; no column is named so"


def _may_be_severity(sheet: Sheet, column: str) -> bool:
    return 2 <= len(sheet.tally(column)) <= 8 and not set(plain(column).split()) & PLACE


def _guess_identity(roles: Roles, sheet: Sheet, flat: list[str]) -> None:
    """Where no name is known for one: a column named as the number of something, each of whose values is different."""
    for column in filter(roles.free, flat):
        if not names_an_identity(column):
            continue
        filled, distinct, _ = sheet.exact(column, most=0)
        if distinct == filled == sheet.n_rows:
            roles.take("fingerprint", column, f"named like a number, and each of its {filled:,} values is different")
            return


def _is_nested(kind: str) -> bool:
    return kind.startswith(("MAP", "STRUCT", "UNION")) or kind.endswith("]")


def _seen(sheet: Sheet, column: str) -> str:
    tally = sheet.tally(column)
    return f"{len(tally):,} distinct values in {tally.total():,} filled cells"


def _is_severity(roles: Roles, sheet: Sheet, column: str) -> bool:
    if not 0 < len(sheet.tally(column)) <= 20:
        return False
    _, _, words = sheet.exact(column)
    mapped, unknown, told = severity_words(words)
    if len(mapped) < len(unknown):
        return False
    roles.because["severity"] = f"its {len(words)} words are read {told}: " + ", ".join(
        f"{word} is {severity}" if word.lower() != severity else severity for word, severity in mapped.items()
    )
    roles.severities = {word: severity for word, severity in mapped.items() if word.strip().lower() != severity}
    if unknown:
        roles.warnings.append(unranked(column, unknown))
    return True


def _is_group(roles: Roles, sheet: Sheet, column: str) -> bool:
    tally = sheet.tally(column)
    if tally.total() < 0.2 * sheet.n_sampled:
        return False
    return 1 <= len(tally) <= max(0.3 * tally.total(), min(20, 0.6 * tally.total()), 1)


def _is_identity(roles: Roles, sheet: Sheet, column: str) -> bool:
    if "fired_at" not in roles.columns:
        return False
    filled, distinct, _ = sheet.exact(column, most=0)
    missing = sheet.n_rows - filled
    if distinct == filled and missing == 0:
        roles.because["fingerprint"] = f"each of its {filled:,} values is different"
        return True
    share = distinct / max(filled, 1)
    repeated = f"{counted(filled, 'row')} {'shares' if filled == 1 else 'share'} {counted(distinct, 'value')}"
    if any(form in _KEYS for form in forms(column, time=False)) or (share < 1 and _one_start(roles, sheet, column)):
        if distinct < filled:
            roles.warnings.append(
                f"{column}: {repeated}. Rows with the same fingerprint and start become one alert; "
                "if each row is a change of an alert, the last state hides the earlier ones."
            )
        roles.because["fingerprint"] = f"by its name; {repeated}, {missing:,} have none"
        return True
    if missing <= 0.05 * sheet.n_rows and share >= 0.99:
        more = filled - distinct
        roles.warnings.append(
            f"{column}: {counted(more, 'row')} {'repeats' if more == 1 else 'repeat'} another row's value, "
            f"{missing:,} {'has' if missing == 1 else 'have'} none."
        )
        roles.because["fingerprint"] = f"{distinct:,} different values in {counted(sheet.n_rows, 'row')}"
        return True
    if share < 1:
        roles.left_out[column] = f"no identity: {repeated}, {missing:,} have none"
    return False


def _one_start(roles: Roles, sheet: Sheet, column: str) -> bool:
    """Whether the rows of one value nearly always agree on start and service: rows that are states of one alert."""
    same = [roles.columns[role] for role in ("fired_at", "service") if role in roles.columns]
    seen: dict[str, set[tuple[str | None, ...]]] = {}
    counts = sheet.tally(column)
    for value, *rest in zip(sheet.columns[column], *(sheet.columns[name] for name in same), strict=True):
        if value is not None and counts[value] > 1:
            seen.setdefault(value, set()).add(tuple(rest))
    full = counts.total() >= 0.95 * sheet.n_sampled
    return full and bool(seen) and sum(len(starts) == 1 for starts in seen.values()) >= 0.95 * len(seen)


def _is_text(roles: Roles, sheet: Sheet, column: str) -> bool:
    return bool(sheet.tally(column)) and not _is_number(roles, sheet, column)


def _is_number(roles: Roles, sheet: Sheet, column: str) -> bool:
    tally = sheet.tally(column)
    plainly = (value.replace(".", "").replace(",", ".") if sheet.decimal == "," else value for value in tally)
    return bool(tally) and all(NUMBER.fullmatch(value) for value in plainly)


def _assign_labels(roles: Roles, sheet: Sheet, flat: list[str]) -> None:
    for column in sheet.columns:
        if not roles.free(column) or column in roles.left_out:
            continue
        tally, words = sheet.tally(column), set(plain(column).split())
        if column not in flat:
            why = "nested or a time of another format"
        elif {"status", "state"} & set(forms(column, time=False)):
            why = "the times say how far an alert has come"
        elif len(tally) < 2:
            why = "has one value, or none"
        elif words & PERSON and "type" not in words:
            why = "may name persons"
        elif _is_number(roles, sheet, column) and not words & {"id", "code", "level", "zone", "region", "port"}:
            why = "a number"
        elif len(tally) > min(max(20, 0.2 * tally.total()), 300) or len(tally) > 0.6 * tally.total():
            why = f"{_seen(sheet, column)}: too many to group by"
        elif len(roles.labels) == MOST_LABELS:
            why = f"{MOST_LABELS} labels are enough to begin with"
        else:
            roles.labels.append(column)
            continue
        roles.left_out[column] = why
