"""A change to a rule that can be replayed over its alerts: always one that makes it fire less."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from alert_analytics.errors import HistoryError

if TYPE_CHECKING:
    from alert_analytics.alerts.rules import AlertRule

_NONE = timedelta(0)
_SERIES = ("fingerprint",)
_ONE_WAY = (
    "from alerts alone only a tightening can be known: what a looser rule would have fired besides is in no history"
)
_METRICS = "replay the rule over its metric samples (MetricReplay) instead."


@dataclass(frozen=True)
class RuleChange:
    """How a rule is to be tightened.

    Parameters
    ----------
    hold : timedelta
        By how much longer its condition has to hold before it fires (Prometheus' ``for``, raised by this much).
    dedup_window : timedelta
        What fires within this of the alert last told, for the same values of `group_by`, joins that alert.
    group_by : sequence of str
        Columns or labels that alerts must share to be joined, beside the tenant and the rule; none at all joins all
        alerts of a rule (an :class:`AlertRule` without any joins those of a series: ``("fingerprint",)`` here).
    merge_into : str, optional
        Another rule, the leader: what fires up to `merge_window` after one of its alerts, in the same tenant, is told
        with that.
    merge_window : timedelta
        Longer than zero.
    resolve_after : timedelta, optional
        Alerts that nobody acknowledged for this long are resolved without anyone's doing.
    delete : bool
        The rule is taken away.

    Raises
    ------
    HistoryError
        Nothing is changed, or something is loosened, which no history of alerts can answer.

    Examples
    --------
    >>> RuleChange(hold=timedelta(minutes=5)).kind
    'raise for'
    """

    hold: timedelta = _NONE
    dedup_window: timedelta = _NONE
    group_by: tuple[str, ...] = ("service",)
    merge_into: str | None = None
    merge_window: timedelta = timedelta(minutes=5)
    resolve_after: timedelta | None = None
    delete: bool = False

    def __post_init__(self) -> None:
        for name in ("hold", "dedup_window"):
            _check(name, getattr(self, name), least=_NONE)
        _check("merge_window", self.merge_window, least=timedelta(microseconds=1))
        if self.resolve_after is not None:
            _check("resolve_after", self.resolve_after, least=timedelta(microseconds=1))
        given: object = self.group_by
        names = (given,) if isinstance(given, str) else tuple(given) if isinstance(given, Sequence) else None
        if names is None or not all(isinstance(name, str) for name in names):
            raise HistoryError(f"RuleChange: group_by={given!r}; expected columns or labels.", hint='group_by=["pod"]')
        object.__setattr__(self, "group_by", names)
        if not isinstance(self.delete, bool):
            raise HistoryError(f"RuleChange: delete={self.delete!r}; expected true or false.", hint="delete=True")
        if not self._kinds:
            raise HistoryError("RuleChange: nothing is changed.", hint="RuleChange(hold=timedelta(minutes=5))")

    @classmethod
    def between(cls, before: AlertRule, after: AlertRule) -> RuleChange:
        """Say what makes `after` tighter than `before`.

        Parameters
        ----------
        before, after : AlertRule
            Their ``hold_for``, ``dedup_window`` and ``group_by`` may differ, nothing else that decides what fires.

        Returns
        -------
        RuleChange
            A rule without ``group_by`` joins alerts of one series, so the change has ``("fingerprint",)``. A series is
            taken to lie in one group: from none to some is a tightening.

        Raises
        ------
        HistoryError
            `after` is looser somewhere, has another condition or another evaluation window, or changes nothing.
        """
        for name in ("condition", "clear_condition"):
            if getattr(before, name) != getattr(after, name):
                raise HistoryError(
                    f"RuleChange: {name} goes from {getattr(before, name)!r} to {getattr(after, name)!r}; alerts do "
                    "not say what else the metric did.",
                    hint=_METRICS,
                )
        if before.evaluation_window != after.evaluation_window:
            raise HistoryError(
                f"RuleChange: evaluation_window goes from {before.evaluation_window} to {after.evaluation_window}; "
                "expected the same of both, since it decides nothing in a replay over alerts: they do not say what "
                "another look at the metric would have found.",
                hint="give both rules one evaluation_window; hold_for is what a replay can raise.",
            )
        if _is_finer(before.group_by, after.group_by) and before.dedup_window > _NONE:
            raise HistoryError(
                f"RuleChange: group_by goes from {list(before.group_by)} to {list(after.group_by)}; {_ONE_WAY}.",
                hint=_METRICS,
            )
        if after.dedup_window < before.dedup_window:
            raise HistoryError(
                f"RuleChange: dedup_window goes from {before.dedup_window} to {after.dedup_window}; {_ONE_WAY}.",
                hint=_METRICS,
            )
        wider = after.dedup_window > before.dedup_window or set(after.group_by) != set(before.group_by)
        return cls(
            hold=after.hold_for - before.hold_for,
            dedup_window=after.dedup_window if wider else _NONE,
            group_by=after.group_by or _SERIES,
        )

    @property
    def kind(self) -> str:
        """What sort of change it is; ``several`` where it is more than one."""
        kinds = self._kinds
        return kinds[0] if len(kinds) == 1 else "several"

    @property
    def _kinds(self) -> list[str]:
        asked = {
            "delete": self.delete,
            "raise for": self.hold > _NONE,
            "merge with its leader": self.merge_into is not None,
            "resolve automatically": self.resolve_after is not None,
            "widen the dedup window": self.dedup_window > _NONE,
        }
        return [name for name, wanted in asked.items() if wanted]

    def described(self) -> dict[str, object]:
        """Say the change in plain values, for a result's settings."""
        return {
            "kind": self.kind,
            "hold_s": self.hold.total_seconds(),
            "dedup_window_s": self.dedup_window.total_seconds(),
            "group_by": list(self.group_by),
            "merge_into": self.merge_into,
            "merge_window_s": None if self.merge_into is None else self.merge_window.total_seconds(),
            "resolve_after_s": None if self.resolve_after is None else self.resolve_after.total_seconds(),
            "delete": self.delete,
        }


def _is_finer(before: tuple[str, ...], after: tuple[str, ...]) -> bool:
    """Whether a rule's repeats are joined in smaller groups than before; without any name they are within a series."""
    return bool(before) and (not after or not set(after) <= set(before))


def _check(name: str, value: object, *, least: timedelta) -> None:
    if not isinstance(value, timedelta):
        raise HistoryError(
            f"RuleChange: {name}={value!r}; expected a length of time.", hint=f"{name}=timedelta(minutes=5)"
        )
    if value < _NONE:
        raise HistoryError(f"RuleChange: {name}={value}; {_ONE_WAY}.", hint=_METRICS)
    if value < least:
        raise HistoryError(f"RuleChange: {name}={value}; expected longer than zero.")
