"""An incident: alerts that belong together, by a policy that says which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from alert_analytics.errors import HistoryError


@dataclass(frozen=True)
class IncidentPolicy:
    """Which alerts are one incident: those that share columns or labels and fire within a gap of one another.

    An alert joins the incident of its group when it fires no later than `gap` after the latest firing in it; otherwise
    it begins a new one. Groups never reach across tenants.

    Parameters
    ----------
    by : str or sequence of str
        Columns or labels that the alerts of an incident have in common; a missing value is a value like any other.
        None at all makes the whole tenant one group.
    gap : timedelta
        Longer than zero.

    Raises
    ------
    HistoryError
        `by` holds no names, or `gap` is no positive length of time.

    Notes
    -----
    From firing to firing, not while the alerts before are still open: an alert that nobody ever resolves would take in
    everything that fires after it. In the sample, whose alerts carry the incident that they were resolved with, firing
    within 5 minutes in one service puts together every pair of alerts that was resolved together, and 42 % of the pairs
    that it puts together were. While the alerts before are open (for a day at most) and 5 minutes longer, .1 % were.
    Whether an alert joins depends on earlier firings alone, so that later ones never change what an incident was.

    Examples
    --------
    >>> IncidentPolicy(by=["service", "severity"], gap=timedelta(minutes=5)).by
    ('service', 'severity')
    """

    by: tuple[str, ...] = ("service",)
    gap: timedelta = timedelta(minutes=10)

    def __post_init__(self) -> None:
        given: object = self.by
        names = (given,) if isinstance(given, str) else tuple(given) if isinstance(given, Sequence) else None
        if names is None or not all(isinstance(name, str) and name for name in names):
            raise HistoryError(
                f"IncidentPolicy: by={given!r}; expected a column or label, or several.", hint='by=["service"]'
            )
        if len(set(names)) < len(names):
            raise HistoryError(f"IncidentPolicy: by={given!r} names a column twice.", hint="name each once.")
        gap: object = self.gap
        if not isinstance(gap, timedelta) or gap <= timedelta(0):
            raise HistoryError(
                f"IncidentPolicy: gap={gap!r}; expected a length of time, longer than zero.",
                hint="gap=timedelta(minutes=10)",
            )
        object.__setattr__(self, "by", names)

    def described(self) -> dict[str, object]:
        """Say the policy in plain values, for a result's settings."""
        return {"by": list(self.by), "gap_s": self.gap.total_seconds()}


def check_policy(policy: object) -> None:
    """Refuse what is no policy.

    Raises
    ------
    HistoryError
        It is something else.
    """
    if not isinstance(policy, IncidentPolicy):
        raise HistoryError(f"policy={policy!r}; expected an IncidentPolicy.", hint='IncidentPolicy(by="service")')
