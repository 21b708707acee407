"""A correlation in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from alert_analytics.analytics.correlation_table import FDR


def pair_in_words(row: Mapping[str, Any], window: timedelta, reach: str) -> str:
    """Say a pair: who, how often, and how often by chance.

    Parameters
    ----------
    row : mapping
        A row of the table.
    window : timedelta
        The window.
    reach : str
        Where a follower counts, beginning with a space; empty for the same scope.

    Returns
    -------
    str
        A sentence without its full stop.
    """
    leads = row["p_direction"] < FDR
    followed, by_chance = (100 * row[name] / row["n_bursts"] for name in ("n_bursts_together", "expected"))
    return (
        f"{row['leader']} {'leads' if leads else 'fires together with'} {row['follower']}: {followed:.0f}% of its "
        f"bursts are followed within {length_in_words(window)}{reach}, {by_chance:.2g}% expected by chance"
    )


def length_in_words(length: timedelta) -> str:
    """Say a length of time in the largest unit that leaves no rest.

    Examples
    --------
    >>> length_in_words(timedelta(minutes=5)), length_in_words(timedelta(seconds=90))
    ('5 min', '90 s')
    """
    seconds = length.total_seconds()
    for unit, name in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= unit and seconds % unit == 0:
            return f"{seconds / unit:g} {name}"
    return f"{seconds:g} s"
