"""What makes a history's description impossible to draw."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from alert_analytics.errors import HistoryError

if TYPE_CHECKING:
    from alert_analytics.simulation.spec import HistorySpec

Finding = tuple[bool, str, str]
"""Whether all is well; what was found; what was expected."""


def check_history(spec: HistorySpec, severities: tuple[str, ...]) -> None:
    """Raise for the first thing in a description that cannot be.

    Raises
    ------
    HistoryError
        Names what was found and what was expected.
    """
    for findings in (_names(spec), _laws(spec, severities), _rates(spec)):
        for holds, found, expected in findings:
            if not holds:
                raise HistoryError(f"HistorySpec: {found}, expected {expected}.")


def _names(spec: HistorySpec) -> Iterator[Finding]:
    services = sorted({service.name for service in spec.services})
    rules = sorted({rule.name for rule in spec.rules})
    tenants = sorted({tenant.name for tenant in spec.tenants})
    yield len(rules) == len(spec.rules), "two rules share a name", "names to be unique"
    for rule in spec.rules:
        yield rule.service in services, f"rule {rule.name} names service {rule.service!r}", f"one of {services}"
        yield (
            0.0 <= rule.transient_share <= 1.0,
            f"rule {rule.name} has a transient_share of {rule.transient_share}",
            ("0 to 1"),
        )
        yield rule.transient_s > 0.0, f"rule {rule.name} has a transient_s of {rule.transient_s}", "more than 0"
        at_most_one = rule.flapping + rule.ignored + rule.cleared_by_hand <= 1
        yield at_most_one, f"rule {rule.name} ends in several ways", "one of flapping, ignored, cleared_by_hand"
        known = sorted(spec.resolution)
        yield rule.severity in known, f"rule {rule.name} has severity {rule.severity!r}", f"one of {known}"
    for name in (name for cascade in spec.cascades for name in (cascade.leader, cascade.follower)):
        yield name in rules, f"a cascade names rule {name!r}", f"one of {rules}"
    for storm in spec.storms:
        yield storm.tenant in tenants, f"a storm names tenant {storm.tenant!r}", f"one of {tenants}"
        has_rules = any(rule.service == storm.service and not rule.flapping for rule in spec.rules)
        yield has_rules, f"a storm names service {storm.service!r}", "a service with rules that do not flap"


def _laws(spec: HistorySpec, severities: tuple[str, ...]) -> Iterator[Finding]:
    for severity, law in spec.resolution.items():
        yield severity in severities, f"resolution names severity {severity!r}", f"one of {severities}"
        possible = law.median_s > 0.0 and law.sigma > 0.0 and 0.0 < law.tail_share < 1.0 and law.tail_alpha > 0.0
        yield possible, f"the {severity} law is {law}", "positive numbers and a tail_share below 1"
    yield 0.0 <= spec.never_resolved < 1.0, f"never_resolved is {spec.never_resolved}", "0 to 1, 1 excluded"


def _rates(spec: HistorySpec) -> Iterator[Finding]:
    yield spec.days >= 1, f"days is {spec.days}", "at least 1"
    yield len(spec.weekday_load) == 7, f"weekday_load has {len(spec.weekday_load)} entries", "7"
    yield 0.0 <= spec.daily_amplitude <= 1.0, f"daily_amplitude is {spec.daily_amplitude}", "0 to 1"
    for cascade in spec.cascades:
        pair = f"{cascade.leader} -> {cascade.follower}"
        yield 0.0 <= cascade.probability <= 1.0, f"{pair} has probability {cascade.probability}", "0 to 1"
    radius = _offspring_radius(spec)
    yield radius < 1.0, f"a firing brings {radius:.3g} in each round of the cascades", "fewer than 1, or they never end"
    for service in spec.services:
        steepest = 2.0 * spec.own_per_day(service.name) / spec.days
        found = f"slope_per_day of {service.name} is {service.slope_per_day}"
        yield abs(service.slope_per_day) <= steepest, found, f"within {steepest:.4g} of 0, or its rate falls below 0"


def _offspring_radius(spec: HistorySpec) -> float:
    """Spectral radius of the mean number of firings that a firing brings; below 1 every cascade dies out."""
    names = sorted({name for cascade in spec.cascades for name in (cascade.leader, cascade.follower)})
    repeats = {rule.name: rule.repeats for rule in spec.rules}
    offspring = np.zeros((len(names), len(names)))
    for cascade in spec.cascades:
        mean = cascade.probability * (1.0 + repeats[cascade.follower])
        offspring[names.index(cascade.leader), names.index(cascade.follower)] += mean
    return float(np.abs(np.linalg.eigvals(offspring)).max(initial=0.0))
