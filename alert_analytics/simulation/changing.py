"""A simulated history in which a rule is changed: what would have happened, from the truth of each firing."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from alert_analytics.alerts import RuleChange
from alert_analytics.errors import HistoryError
from alert_analytics.simulation.firing import Firings, Ints
from alert_analytics.simulation.resolving import NEVER_MS, Outcomes
from alert_analytics.simulation.spec import HistorySpec

_MILLISECOND = timedelta(milliseconds=1)


def changed(
    spec: HistorySpec, firings: Firings, outcomes: Outcomes, rule: str, change: RuleChange
) -> tuple[Firings, Outcomes]:
    """Make a change to a rule and let the same things happen.

    Parameters
    ----------
    spec : HistorySpec
        Whose rule it is; a rule has one service, so ``group_by=("service",)`` is by tenant.
    firings, outcomes : Firings, Outcomes
        What happens without the change, censored by nothing.
    rule : str
        Its name.
    change : RuleChange
        What is changed.

    Returns
    -------
    Firings, Outcomes
        Without the firings that nobody is told of; the others as they were, but for later firings under a raised
        ``for`` and earlier ends under an automatic resolve.

    Raises
    ------
    HistoryError
        There is no such rule or leader.

    Notes
    -----
    A plain loop over the firings of the rule, on purpose: it is what replays are held against.
    """
    names = [one.name for one in spec.rules]
    for name in (rule, *([] if change.merge_into is None else [change.merge_into])):
        if name not in names:
            raise HistoryError(f"a change names rule {name!r}, expected one of {sorted(names)}.")
    mine = firings.rule == names.index(rule)
    leader = None if change.merge_into is None else firings.rule == names.index(change.merge_into)
    kept = ~mine
    hold_ms, window_ms = change.hold // _MILLISECOND, change.dedup_window // _MILLISECOND
    last_told: dict[int, int] = {}
    for row in np.flatnonzero(mine):
        at_ms, tenant = int(firings.at_ms[row]), int(firings.tenant[row])
        if change.delete or int(outcomes.duration_ms[row]) < hold_ms:
            continue
        if window_ms and at_ms - last_told.get(tenant, -NEVER_MS) <= window_ms:
            continue
        last_told[tenant] = at_ms
        if leader is not None and _is_led(firings, leader, at_ms, tenant, change.merge_window // _MILLISECOND):
            continue
        kept[row] = True
    return _after(firings, outcomes, kept, mine, change)


def _is_led(firings: Firings, leader: NDArray[np.bool_], at_ms: int, tenant: int, window_ms: int) -> bool:
    before = np.searchsorted(firings.at_ms, [at_ms - window_ms, at_ms])
    rows = slice(int(before[0]), int(before[1]))
    return bool((leader[rows] & (firings.tenant[rows] == tenant)).any())


def _after(
    firings: Firings, outcomes: Outcomes, kept: NDArray[np.bool_], mine: NDArray[np.bool_], change: RuleChange
) -> tuple[Firings, Outcomes]:
    """What is left, in order of time."""
    later = np.where(mine, change.hold // _MILLISECOND, 0)
    duration, acknowledge = outcomes.duration_ms - later, outcomes.acknowledge_ms - later
    acknowledge = np.where(outcomes.acknowledge_ms == NEVER_MS, NEVER_MS, np.maximum(acknowledge, 0))
    duration = np.where(outcomes.duration_ms == NEVER_MS, NEVER_MS, duration)
    automatic = outcomes.automatic
    if change.resolve_after is not None:
        after = change.resolve_after // _MILLISECOND
        closed = mine & (duration > after) & (acknowledge >= after)
        duration, automatic = np.where(closed, after, duration), automatic | closed
        acknowledge = np.where(closed, NEVER_MS, acknowledge)
    at_ms: Ints = firings.at_ms + later
    rows = np.flatnonzero(kept)
    rows = rows[np.argsort(at_ms[rows], kind="stable")]
    return (
        Firings(firings.tenant[rows], firings.rule[rows], at_ms[rows], firings.burst[rows], firings.cause[rows]),
        Outcomes(duration[rows], acknowledge[rows], automatic[rows], outcomes.incident[rows]),
    )
