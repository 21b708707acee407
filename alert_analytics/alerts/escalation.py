"""Who is to be told of an alert that nobody answers, and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from alert_analytics.alerts.states import AlertSeverity
from alert_analytics.errors import HistoryError

_LONGEST_DAYS = 36_500  # a hundred years: what comes later is no plan


@dataclass(frozen=True)
class EscalationLevel:
    """One step of a policy: whom to page, and how long after the step before.

    Parameters
    ----------
    targets : str or sequence of str
        Persons, schedules or teams; each gets a page of its own.
    delay : timedelta
        How long the level before has had to answer; of the first level, how long after the alert fired. Zero or longer.

    Raises
    ------
    HistoryError
        There is no target, one is named twice, or `delay` is no length of time or negative.

    Examples
    --------
    >>> EscalationLevel("second line", timedelta(minutes=15)).targets
    ('second line',)
    """

    targets: tuple[str, ...]
    delay: timedelta = timedelta(0)

    def __post_init__(self) -> None:
        given: object = self.targets
        names = (given,) if isinstance(given, str) else tuple(given) if isinstance(given, Sequence) else ()
        if not names or not all(isinstance(name, str) and name for name in names) or len(set(names)) < len(names):
            raise HistoryError(
                f"EscalationLevel: targets={given!r}; expected a name, or several, each once.", hint="['on call']"
            )
        if not isinstance(self.delay, timedelta) or self.delay < timedelta(0):
            raise HistoryError(
                f"EscalationLevel: delay={self.delay!r}; expected a length of time, zero or longer.",
                hint="delay=timedelta(minutes=15)",
            )
        object.__setattr__(self, "targets", names)


@dataclass(frozen=True)
class EscalationPolicy:
    """Levels that are paged one after the other until somebody acknowledges or the alert is over.

    Parameters
    ----------
    levels : sequence of EscalationLevel
        In order; at least one.
    repeat : int
        How many times the levels are gone through again after the first time; 0 or more.
    repeat_after : timedelta
        How long after the last level's page the first level's delay of the next round begins to run; longer than zero.
    severities : sequence of str, optional
        Which alerts it is for; None is for all, those without a severity included.

    Raises
    ------
    HistoryError
        There is no level, or another field is wrong.

    Examples
    --------
    >>> minutes = lambda n: timedelta(minutes=n)
    >>> levels = [EscalationLevel("on call"), EscalationLevel("lead", minutes(15))]
    >>> policy = EscalationPolicy(levels, repeat=1, repeat_after=minutes(30))
    >>> [(step.round, step.level, step.after.total_seconds() / 60) for step in policy.steps]
    [(1, 1, 0.0), (1, 2, 15.0), (2, 1, 45.0), (2, 2, 60.0)]
    """

    levels: tuple[EscalationLevel, ...]
    repeat: int = 0
    repeat_after: timedelta = timedelta(minutes=30)
    severities: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        given: object = self.levels
        levels = tuple(given) if isinstance(given, Sequence) else ()
        if not levels or not all(isinstance(level, EscalationLevel) for level in levels):
            raise HistoryError(
                f"EscalationPolicy: levels={given!r}; expected at least one EscalationLevel.",
                hint='levels=[EscalationLevel("on call")]',
            )
        if not isinstance(self.repeat, int) or isinstance(self.repeat, bool) or self.repeat < 0:
            raise HistoryError(f"EscalationPolicy: repeat={self.repeat!r}; expected a whole number, 0 or more.")
        if not isinstance(self.repeat_after, timedelta) or self.repeat_after <= timedelta(0):
            raise HistoryError(
                f"EscalationPolicy: repeat_after={self.repeat_after!r}; expected a length of time, longer than zero.",
                hint="repeat_after=timedelta(minutes=30)",
            )
        days = (self.repeat + 1) * sum(level.delay.days + 1 for level in levels) + self.repeat * (
            self.repeat_after.days + 1
        )
        if days > _LONGEST_DAYS:
            raise HistoryError(
                f"EscalationPolicy: its last page would come more than {_LONGEST_DAYS:,} days after an alert.",
                hint="shorter delays, or a smaller repeat.",
            )
        object.__setattr__(self, "levels", levels)
        object.__setattr__(self, "severities", _severities(self.severities))

    @property
    def steps(self) -> tuple[EscalationStep, ...]:
        """Every level of every round, with its time after the firing; in order of time."""
        found, after = [], timedelta(0)
        for turn in range(self.repeat + 1):
            if turn:
                after += self.repeat_after
            for place, level in enumerate(self.levels, 1):
                after += level.delay
                found.append(EscalationStep(turn + 1, place, level.targets, after))
        return tuple(found)

    def described(self) -> dict[str, object]:
        """Say the policy in plain values, for a result's settings."""
        return {
            "levels": [{"targets": list(one.targets), "delay_s": one.delay.total_seconds()} for one in self.levels],
            "repeat": self.repeat,
            "repeat_after_s": self.repeat_after.total_seconds(),
            "severities": None if self.severities is None else list(self.severities),
        }


@dataclass(frozen=True)
class EscalationStep:
    """A level in a round of a policy.

    Attributes
    ----------
    round, level : int
        From 1.
    targets : tuple of str
        Who is paged.
    after : timedelta
        Since the alert fired.
    """

    round: int
    level: int
    targets: tuple[str, ...]
    after: timedelta


def _severities(given: object) -> tuple[str, ...] | None:
    if given is None:
        return None
    words = (given,) if isinstance(given, str) else tuple(given) if isinstance(given, Sequence) else ()
    known = [severity.value for severity in AlertSeverity]
    if not words or any(word not in known for word in words):
        raise HistoryError(
            f"EscalationPolicy: severities={given!r}; expected some of {', '.join(known)}, or None for all alerts."
        )
    return tuple(AlertSeverity(word).value for word in words)
