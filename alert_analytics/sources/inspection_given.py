"""What a user knows better than the inspection guessed: columns, words for severities, a zone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from alert_analytics.errors import SourceError, nearest
from alert_analytics.history.schema import COLUMNS, SEVERITIES, TIMES
from alert_analytics.sources.inspection_mapping import unranked
from alert_analytics.sources.inspection_roles import Roles
from alert_analytics.sources.inspection_sheet import Sheet
from alert_analytics.sources.inspection_times import TimeColumn

_UNRANKED = " has words without a known severity: "
_WORDS = 20  # more of them are no severities


class Given(NamedTuple):
    """Corrections of a proposal.

    Attributes
    ----------
    columns : mapping of str to str
        Canonical column to the file's column.
    severities : mapping of str to str
        The file's word to ours.
    timezone : str
        The zone of times without an offset.
    """

    columns: Mapping[str, str]
    severities: Mapping[str, str]
    timezone: str

    @property
    def is_nothing(self) -> bool:
        """Whether the proposal is as it was guessed."""
        return not self.columns and not self.severities and self.timezone == "UTC"


def lay_over(roles: Roles, sheet: Sheet, times: Mapping[str, TimeColumn], given: Given) -> None:
    """Put what was given in the place of what was guessed; a column that is given has no other part.

    Raises
    ------
    SourceError
        A column, canonical or the file's, is not there, or one that should hold times does not.
    """
    for known, wrong in ((COLUMNS, given.columns), (sheet.columns, given.columns.values())):
        missing = [name for name in wrong if name not in known]
        if missing:
            raise SourceError(
                f"{sheet.path}: --map names {', '.join(map(repr, missing))}; there are {', '.join(known)}.",
                hint=nearest(missing, known),
            )
    if "severity" in given.columns and given.columns["severity"] != roles.columns.get("severity"):
        roles.severities.clear()  # words of another column
    for role, column in given.columns.items():
        if role in TIMES and column not in times:
            raise SourceError(f"{sheet.path}: {column} holds no times, so it cannot be {role}.", hint="look at it.")
        for guessed in [one for one, theirs in roles.columns.items() if theirs == column]:
            del roles.columns[guessed]
        roles.labels[:] = [label for label in roles.labels if label != column]
        roles.warnings[:] = [one for one in roles.warnings if f"--map {role}=COLUMN" not in one]
    for role, column in given.columns.items():
        roles.take(role, column, "as you say")
    roles.severities |= given.severities
    if "severity" in roles.columns and (given.severities or "severity" in given.columns):
        _rank_anew(roles, sheet, roles.columns["severity"])


def _rank_anew(roles: Roles, sheet: Sheet, column: str) -> None:
    """Warn of the words that have no severity even now."""
    roles.warnings[:] = [one for one in roles.warnings if _UNRANKED not in one]
    words = sheet.exact(column)[2] if len(sheet.tally(column)) <= _WORDS else []
    unknown = [word for word in words if word not in roles.severities and word.strip().lower() not in SEVERITIES]
    if unknown:
        roles.warnings.append(unranked(column, unknown))
