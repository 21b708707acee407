"""The way back from a window to the alerts that it was counted from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alert_analytics.history import AlertHistory

ALL = "all"
"""The entity where nothing tells series apart."""

_MISSING = "(none)"


@dataclass(frozen=True)
class Origin:
    """The history behind windows, and what makes a series of it.

    Attributes
    ----------
    history : AlertHistory
        What the windows were made from.
    by : tuple of str
        The columns or labels that tell series apart.
    values : mapping of str to tuple of str or None
        For each entity its values of `by`.
    """

    history: AlertHistory
    by: tuple[str, ...]
    values: Mapping[str, tuple[str | None, ...]]

    def alerts(self, entity: str, start: datetime, end: datetime) -> AlertHistory:
        """Narrow the history to the alerts of one entity that fired in ``[start, end)``."""
        wanted = {name: [value] for name, value in zip(self.by, self.values[entity], strict=True)}
        return self.history.where(wanted or None, since=start, until=end)


def entity_name(values: Sequence[str | None]) -> str:
    """Name the series that has these values: different values never get one name.

    Parameters
    ----------
    values : sequence of str or None
        One for each column of ``by=``.

    Returns
    -------
    str
        The values joined by `` / ``, ``(none)`` for a missing one, ``all`` where there is no value. A value that could
        be mistaken for another name is quoted.

    Examples
    --------
    >>> entity_name(["db", None]), entity_name([]), entity_name(["(none)"])
    ('db / (none)', 'all', '"(none)"')
    """
    several = len(values) > 1
    return " / ".join(_named(value, several) for value in values) if values else ALL


def _named(value: str | None, several: bool) -> str:
    if value is None:
        return _MISSING
    padded = f" {value} "
    ambiguous = value == _MISSING or value.startswith('"') or (several and (" /" in padded or "/ " in padded))
    return json.dumps(value, ensure_ascii=False) if ambiguous else value
