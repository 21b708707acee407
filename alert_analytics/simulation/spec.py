"""What a simulated alert history is made of: a frozen description, and nothing that is random."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import NormalDist

from alert_analytics.alerts import AlertSeverity
from alert_analytics.simulation.checking import check_history

SEVERITIES = tuple(severity.value for severity in AlertSeverity)
"""Severities from the mildest to the gravest, as the canonical column ``severity`` spells them."""


@dataclass(frozen=True)
class Tenant:
    """A customer; every tenant runs every rule, ``share`` times as often as the rule says."""

    name: str
    share: float = 1.0
    region: str = "eu-west"


@dataclass(frozen=True)
class Service:
    """A service with its team, its number of hosts and the linear trend planted in its own alerts.

    ``slope_per_day`` is the change of alerts per day, per day, centred on the middle of the history. It
    holds for a tenant of share 1 and for what the service's rules fire by themselves, repeats included;
    what arrives from another service's cascade comes on top, and ``truth["trends"]`` adds it up.
    """

    name: str
    team: str
    slope_per_day: float = 0.0
    hosts: int = 4


@dataclass(frozen=True)
class Rule:
    """An alert rule: which service, how grave, how often, and how it misbehaves.

    Attributes
    ----------
    name, service, severity : str
        ``service`` names a :class:`Service`; ``severity`` is one of :data:`SEVERITIES`.
    per_day : float
        Mean number of spontaneous onsets a day, for a tenant of share 1.
    metric, threshold : str, float
        The condition is ``metric > threshold``; it fills ``message``, ``value`` and ``metadata``.
    repeats : float
        Mean of the geometric number of repeats that follow each onset (0: none).
    repeat_gap_s : float
        Mean seconds from one repeat to the next; a quarter of it is a fixed minimum, the rest exponential.
    flapping : bool
        Each alert of a burst resolves by itself before the next one fires, on the same fingerprint.
    transient_share, transient_s : float
        This share of its alerts ends by itself before anyone looks, after a log-normal time of this median (log
        standard deviation 0.5); they belong to no incident.
    ignored : bool
        Nobody ever acknowledges it, and it resolves by itself.
    cleared_by_hand : bool
        Nobody ever acknowledges it, and somebody resolves it in the end.
    """

    name: str
    service: str
    severity: str
    per_day: float
    metric: str = "error_rate"
    threshold: float = 1.0
    repeats: float = 0.0
    repeat_gap_s: float = 180.0
    flapping: bool = False
    transient_share: float = 0.0
    transient_s: float = 120.0
    ignored: bool = False
    cleared_by_hand: bool = False


@dataclass(frozen=True)
class Cascade:
    """Each firing of ``leader`` is followed, with ``probability``, by an onset of ``follower``.

    The lag is log-normal with median ``lag_s`` seconds and log standard deviation ``lag_sigma``.
    """

    leader: str
    follower: str
    probability: float
    lag_s: float = 45.0
    lag_sigma: float = 0.5

    def lag_quantile(self, q: float) -> float:
        """Seconds below which a share ``q`` of the lags lies."""
        return self.lag_s * math.exp(self.lag_sigma * NormalDist().inv_cdf(q))


@dataclass(frozen=True)
class Storm:
    """For ``hours`` from ``at_day`` on, all rules of one service fire, about ``n_onsets`` times in all."""

    tenant: str
    service: str
    at_day: float
    hours: float
    n_onsets: int


@dataclass(frozen=True)
class Resolution:
    """Law of the seconds from firing to resolve: a log-normal body spliced with a Pareto tail.

    Notes
    -----
    Below the quantile ``1 - tail_share`` the law is log-normal with median ``median_s`` and log standard deviation
    ``sigma``; above it, with c that quantile, P(T > x) = tail_share (x / c) ** -tail_alpha. The
    median is therefore exactly ``median_s``, and with ``tail_alpha`` below 2 the variance is infinite.
    """

    median_s: float
    sigma: float = 1.2
    tail_share: float = 0.05
    tail_alpha: float = 1.2

    @property
    def splice_s(self) -> float:
        """Seconds at which the tail takes over from the body."""
        return self.median_s * math.exp(self.sigma * NormalDist().inv_cdf(1.0 - self.tail_share))

    def quantile(self, q: float) -> float:
        """Seconds within which a share ``q``, between 0 and 1, of those that ever resolve have resolved."""
        if q <= 1.0 - self.tail_share:
            return self.median_s * math.exp(self.sigma * NormalDist().inv_cdf(q))
        return self.splice_s * math.pow((1.0 - q) / self.tail_share, -1.0 / self.tail_alpha)


def _default_resolution() -> dict[str, Resolution]:
    medians_s = {"critical": 1_500.0, "high": 7_200.0, "medium": 28_800.0, "low": 129_600.0, "info": 86_400.0}
    return {severity: Resolution(median_s) for severity, median_s in medians_s.items()}


@dataclass(frozen=True)
class HistorySpec:
    """Everything that decides a simulated history, but for the seed.

    Attributes
    ----------
    tenants, services, rules, cascades, storms : tuple
        Who, what, and the planted structure. Without ``cascades`` and ``storms`` no rule's firings depend on
        another's, given the cycles and the load.
    start : datetime
        Naive UTC; the watermark is ``start + days``.
    days : int
        Length of the history.
    daily_amplitude, peak_hour : float
        Rates are multiplied by ``1 + daily_amplitude * cos(2 pi (hour - peak_hour) / 24)``, hour in UTC.
    weekday_load : tuple of 7 floats
        Multipliers from Monday to Sunday; scaled to mean 1.
    load_sigma, load_hours : float
        Every rate of a tenant is multiplied by one ``exp(sigma z - sigma**2 / 2)``, z a stationary AR(1) over hours
        with unit variance and correlation ``exp(-1 / load_hours)`` from one hour to the next.
    resolution : mapping from severity to Resolution
        Law of the time to resolve.
    never_resolved : float
        Share of alerts that never resolve (of incidents, for alerts in one).
    automatic_share : float
        Share of resolutions that nobody had to make.
    incident_gap_s : float
        An alert that fires within this many seconds of the previous one of its tenant, service and severity, while the
        incident that one belongs to is open, joins it and resolves with it (0: no incidents).
    descriptions : bool
        Whether ``message``, ``value``, ``assignee``, ``labels`` and ``metadata`` are filled; without them
        ten million alerts take a third of the memory.

    Raises
    ------
    HistoryError
        When a name is used that is not defined, a number is out of range, cascades feed on themselves
        for ever, or a trend would make a rate negative.
    """

    tenants: tuple[Tenant, ...]
    services: tuple[Service, ...]
    rules: tuple[Rule, ...]
    cascades: tuple[Cascade, ...] = ()
    storms: tuple[Storm, ...] = ()
    start: datetime = datetime(2024, 1, 1)
    days: int = 28
    daily_amplitude: float = 0.5
    peak_hour: float = 14.0
    weekday_load: tuple[float, ...] = (1.0, 1.0, 1.0, 1.0, 0.95, 0.6, 0.55)
    load_sigma: float = 0.3
    load_hours: float = 6.0
    resolution: Mapping[str, Resolution] = field(default_factory=_default_resolution)
    never_resolved: float = 0.02
    automatic_share: float = 0.4
    incident_gap_s: float = 300.0
    descriptions: bool = True

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn."""
        check_history(self, SEVERITIES)

    @property
    def watermark(self) -> datetime:
        """End of the history, naive UTC; nothing later is known."""
        return self.start + timedelta(days=self.days)

    def own_per_day(self, service: str) -> float:
        """Mean alerts a day that a service's rules fire by themselves, repeats included, at share 1."""
        return sum(rule.per_day * (1.0 + rule.repeats) for rule in self.rules if rule.service == service)

    @classmethod
    def null(cls, *, n_rules: int = 20, days: int = 28, per_day: float = 4.0, load_sigma: float = 0.4) -> HistorySpec:
        """Describe a history in which no rule leads another, but much else looks as if one did.

        All rules share the cycles and one load factor; every fourth is bursty. Any pair that a
        correlation test finds here is false.
        """
        services = tuple(Service(f"service-{i}", f"team-{i}") for i in range(5))
        rules = tuple(
            Rule(
                f"rule-{i:02d}",
                services[i % 5].name,
                ("low", "medium", "high", "critical")[i % 4],
                per_day * (0.5 + i / n_rules),
                repeats=3.0 if i % 4 == 0 else 0.0,
            )
            for i in range(n_rules)
        )
        return cls((Tenant("acme"),), services, rules, days=days, load_sigma=load_sigma, descriptions=False)

    @classmethod
    def large(cls, n_alerts: int, *, n_rules: int = 500, n_tenants: int = 20, days: int = 365) -> HistorySpec:
        """Describe a history of about ``n_alerts`` for measuring speed; every tenant runs all rules.

        Every tenth rule is bursty, and rules 1 to 5 lead rules 11 to 15; descriptions are left out.
        """
        n_services = max(1, n_rules // 20)
        services = tuple(Service(f"service-{i:03d}", f"team-{i % 10}") for i in range(n_services))
        n_cascades = max(0, min(5, n_rules - 11))
        firings_per_onset = (n_rules + 3.0 * math.ceil(n_rules / 10) + 0.5 * n_cascades) / n_rules
        per_day = n_alerts / (n_tenants * n_rules * days * firings_per_onset)
        rules = tuple(
            Rule(
                f"rule-{i:04d}",
                services[i % n_services].name,
                SEVERITIES[1 + i % 4],
                per_day,
                repeats=3.0 if i % 10 == 0 else 0.0,
            )
            for i in range(n_rules)
        )
        cascades = tuple(Cascade(f"rule-{i:04d}", f"rule-{i + 10:04d}", 0.5) for i in range(1, 1 + n_cascades))
        tenants = tuple(Tenant(f"tenant-{i:02d}") for i in range(n_tenants))
        return cls(tenants, services, rules, cascades, days=days, descriptions=False)
