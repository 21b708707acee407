"""Which changes are worth a look: every rule under every sort of change, and which one to propose."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
import numpy.typing as npt

from alert_analytics.alerts.changes import RuleChange
from alert_analytics.analytics.replay_rows import Rows
from alert_analytics.analytics.replayed import Outcome, led_alerts, not_covered, outcome, saved_by_chance
from alert_analytics.analytics.savings import Saving
from alert_analytics.engine.kernels.replay import NOBODY
from alert_analytics.stats.multiple import benjamini_hochberg

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

KINDS = ("widen the dedup window", "merge with its leader", "raise for", "resolve automatically", "delete")
"""From the gentlest on: of two that save about as much, the gentler is proposed."""

SEVERAL = 5
NOTABLE = 0.1
_NEARLY = 0.9  # of the largest saving of its kind: the smallest setting that reaches it is taken
_ABOUT = 0.8  # of the largest saving of all kinds: the gentlest that reaches it is proposed
_FDR = 0.05
_RESTS_ON_SILENCE = frozenset({"resolve automatically", "delete"})  # nobody acted: where that is not said, no reason
_MOSTLY = 0.5
_TIMES_CHANCE = 2
_MINUTES = {"raise for": (1, 2, 5, 10, 15, 30), "widen the dedup window": (5, 15, 30, 60)}
_HOURS = (1, 4, 24, 72, 168)
_SOON = timedelta(minutes=5)  # what ends sooner is hardly anybody's doing, also where nothing says whose it was


@dataclass(frozen=True, eq=False)
class Candidate:
    """One sort of change, with the setting that suits each item.

    Attributes
    ----------
    kind : str
        One of :data:`KINDS`.
    settings : sequence of RuleChange
        What was tried; a merge has its leader filled in where it is proposed.
    chosen : ndarray of int64, shape (n_items,)
        Which setting suits the item.
    found : Outcome
        What becomes of each alert under its item's setting.
    saving : Saving
        The same by item.
    is_sound : ndarray of bool, shape (n_items,)
        Whether it saves enough and misses little enough to be proposed; without regard to the other kinds.
    q_value : ndarray of float64, shape (n_items,)
        Over everything that saves enough to be looked at; NaN elsewhere.
    """

    kind: str
    settings: Sequence[RuleChange]
    chosen: Ints
    found: Outcome
    saving: Saving
    is_sound: Bools
    q_value: Floats

    def change(self, item: int, leader: str | None) -> RuleChange:
        """The change of one item."""
        setting = self.settings[int(self.chosen[item])]
        return setting if self.kind != "merge with its leader" else replace(setting, merge_into=leader)


def candidates(
    rows: Rows, leader_of: Ints, window: timedelta, group_by: tuple[str, ...], max_missed: float
) -> list[Candidate]:
    """Replay every sort of change over every item.

    Parameters
    ----------
    rows : Rows
        Whose streams are by `group_by`.
    leader_of : ndarray of int64
        By item its leader's code, :data:`NOBODY` for none.
    window : timedelta
        In which a follower is merged.
    group_by : tuple of str
        What repeats must share.
    max_missed : float
        The largest share missed of what is saved.

    Returns
    -------
    list of Candidate
        In the order of :data:`KINDS`.

    Notes
    -----
    One pass over the rows for each of 17 settings, so the cost is linear in alerts and in items. A `for` that leaves an
    item no alert is none of them: that is to delete it. Where nothing says what people did with an item's alerts, a
    `for` is raised by 5 min at most, since what ended later somebody may have ended.
    """
    minutes = {kind: [timedelta(minutes=one) for one in _MINUTES[kind]] for kind in _MINUTES}
    wider = [RuleChange(dedup_window=one, group_by=group_by) for one in minutes["widen the dedup window"]]
    longer = [RuleChange(hold=one) for one in minutes["raise for"]]
    closed = [RuleChange(resolve_after=timedelta(hours=one)) for one in _HOURS]
    led = _led(rows, leader_of, window)
    tried: dict[str, tuple[list[RuleChange], Callable[[RuleChange], Outcome]]] = {
        KINDS[0]: (wider, lambda change: outcome(rows, change)),
        KINDS[1]: ([RuleChange(merge_into="", merge_window=window)], lambda _: led),
        KINDS[2]: (longer, lambda change: outcome(rows, change)),
        KINDS[3]: (closed, lambda change: outcome(rows, change)),
        KINDS[4]: ([RuleChange(delete=True)], lambda change: outcome(rows, change)),
    }
    found = [_suited(rows, kind, *how, max_missed) for kind, how in tried.items()]
    return _judged(rows, found, max_missed)


def proposed(found: Sequence[Candidate], leader_of: Ints) -> Ints:
    """By item, the place of the candidate to propose; -1 where none is worth it.

    The gentlest of those that save about as much as the best. What would be merged into a rule that is to go, or round
    a circle, is proposed something else.
    """
    sound = np.stack([one.is_sound for one in found])
    merge, delete = KINDS.index("merge with its leader"), KINDS.index("delete")
    leaders = np.maximum(leader_of, 0)
    while True:  # what is proposed instead may be to delete a rule that others were to be merged into
        best = _gentlest(found, sound)
        lost = (best == merge) & ((best[leaders] == delete) | _in_circle(best == merge, leaders))
        if not lost.any():
            return best
        sound[merge] &= ~lost


def _gentlest(found: Sequence[Candidate], sound: Bools) -> Ints:
    saved = np.where(sound, np.stack([one.saving.n_saved for one in found]), 0)
    enough = sound & (saved >= _ABOUT * saved.max(axis=0, initial=0))
    place = enough.argmax(axis=0)
    return np.where(enough.any(axis=0), place, -1)


def _in_circle(merged: Bools, leaders: Ints) -> Bools:
    """Items whose chain of leaders comes back to them; every item is walked over once."""
    found = np.zeros(merged.size, dtype=np.bool_)
    walk = np.zeros(merged.size, dtype=np.int64)
    for number, item in enumerate(np.flatnonzero(merged), 1):
        at = int(item)
        while merged[at] and not walk[at]:
            walk[at] = number
            at = int(leaders[at])
        if not merged[at] or walk[at] != number:
            continue
        while not found[at]:
            found[at] = True
            at = int(leaders[at])
    return found


def _led(rows: Rows, leader_of: Ints, window: timedelta) -> Outcome:
    led = led_alerts(rows, leader_of, window // timedelta(microseconds=1))
    none = np.zeros(led.size, dtype=np.bool_)
    return Outcome(led != NOBODY, not_covered(rows, led), none, np.zeros_like(rows.time_us))


def _suited(
    rows: Rows,
    kind: str,
    settings: list[RuleChange],
    replayed: Callable[[RuleChange], Outcome],
    max_missed: float,
) -> Candidate:
    """For each item the smallest setting that saves nearly as much as the best that misses little enough."""
    saved, missed, beyond = [], [], []
    for setting in settings:
        found = replayed(setting)
        saved.append(rows.counts(found.is_saved))
        missed.append(rows.counts(found.is_missed))
        beyond.append(_is_fit(rows, setting, found, saved[-1]))
    allowed = np.array(missed) <= max_missed * np.array(saved)
    allowed |= ~rows.knows_actions
    allowed &= np.array(beyond)
    worth = np.where(allowed, np.array(saved), 0)
    # Where no setting is allowed, the first: it is judged unsound anyway.
    chosen = (worth >= _NEARLY * worth.max(axis=0, initial=0)).argmax(axis=0).astype(np.int64)
    total: Outcome | None = None
    for place, setting in enumerate(settings):
        mine = (chosen == place)[rows.item]
        if mine.any() or total is None:
            total = _together(total, replayed(setting), mine)
    assert total is not None
    # Judged later, beside all others; until then sound is what has a setting that is allowed.
    return Candidate(
        kind, settings, chosen, total, Saving.of(rows, total), np.asarray(allowed.any(axis=0)), np.zeros(0)
    )


def _is_fit(rows: Rows, change: RuleChange, found: Outcome, saved: Ints) -> Bools:
    """By item, whether a setting is what its kind says: a window that joins more than chance, a `for` that spares."""
    if change.dedup_window:
        by_chance = saved_by_chance(rows, found, change.dedup_window // timedelta(microseconds=1))
        return np.asarray(saved >= _TIMES_CHANCE * by_chance)
    if change.hold:
        spares: Bools = saved + rows.counts(found.is_unknown) < rows.n_alerts
        spares &= rows.knows_actions | (change.hold <= _SOON)
        return spares
    return np.ones(saved.size, dtype=np.bool_)


def unspared(rows: Rows) -> Bools:
    """By item, whether the longest `for` would leave it no alert, and nothing says whether that may be."""
    longest_us = max(_MINUTES["raise for"]) * 60_000_000
    lasting = (rows.ended_after_us < 0) | (rows.ended_after_us >= longest_us)
    found: Bools = _named(rows) & ~rows.knows_actions & (rows.n_alerts >= SEVERAL) & (rows.counts(lasting) == 0)
    return found


def _together(total: Outcome | None, found: Outcome, mine: Bools) -> Outcome:
    def joined(name: str) -> Ints:
        new: Ints = getattr(found, name)
        return np.where(mine, new, np.zeros_like(new) if total is None else getattr(total, name))

    saved, missed, unknown = (joined(name).astype(np.bool_) for name in ("is_saved", "is_missed", "is_unknown"))
    return Outcome(saved, missed, unknown, joined("delay_us"))


def _judged(rows: Rows, found: list[Candidate], max_missed: float) -> list[Candidate]:
    """Say which are sound: large enough, beyond chance, and missing little by the false discovery rate over all."""
    looked = np.stack([_is_sizeable(rows, one) for one in found])
    p = np.where(looked, np.stack([one.saving.p_value for one in found]), np.nan)
    q = benjamini_hochberg(p.ravel()).reshape(p.shape)
    judged = []
    for place, one in enumerate(found):
        saving = one.saving
        misses_little = (saving.missed_share <= max_missed) & (q[place] < _FDR)
        if one.kind not in _RESTS_ON_SILENCE:
            misses_little |= ~rows.knows_actions
        sure = np.isnan(saving.low) | (saving.low > 0)
        judged.append(replace(one, is_sound=one.is_sound & looked[place] & misses_little & sure, q_value=q[place]))
    return judged


def _is_sizeable(rows: Rows, one: Candidate) -> Bools:
    saving = one.saving
    share = _MOSTLY if one.kind == "resolve automatically" else NOTABLE
    large: Bools = _named(rows) & (saving.n_saved >= SEVERAL) & (saving.n_saved >= share * saving.n_alerts)
    return large


def _named(rows: Rows) -> Bools:
    return np.array([name is not None for name in rows.names], dtype=np.bool_)
