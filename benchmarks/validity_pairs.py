"""False pairs and power of the correlation test, on simulated histories: ``python -m benchmarks.validity_pairs``.

Prints two Markdown tables. The first: of 200 histories without any planted cascade, the share in which some pair has
q < .05, which is to be at most 8 %. The second: of planted cascades, the share found at q < .05.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, replace

import numpy as np

from alert_analytics.analytics.correlation_counts import ComparedPairs, Firings, compared_pairs
from alert_analytics.simulation import Cascade, HistorySpec, Storm
from alert_analytics.simulation.firing import fire

WINDOW_US = 300_000_000
DAY_US = 86_400_000_000


@dataclass(frozen=True)
class SharedEvents:
    """Unrelated rules whose every event reaches many scopes (hosts, tenants) at once.

    An event takes up to 30 s to arrive, in each scope by itself.

    Attributes
    ----------
    reach : float
        Probability that an event reaches a scope.
    own_per_day : float
        Events of each rule that one scope has for itself.
    """

    reach: float = 1.0
    own_per_day: float = 0.0
    per_day: float = 4.0
    n_rules: int = 8
    n_scopes: int = 20
    days: int = 60

    def fire(self, rng: np.random.Generator) -> Firings:
        """Draw one history: Poisson events, those that all scopes share and those of one scope."""
        span_us = self.days * DAY_US
        n_shared = rng.poisson(self.n_rules * self.per_day * self.days)
        reached = rng.random((n_shared, self.n_scopes)) < self.reach
        event, shared_scope = np.nonzero(reached)
        shared_us = rng.integers(0, span_us, n_shared)[event] + rng.integers(0, 30_000_000, event.size)
        n_own = rng.poisson(self.n_rules * self.n_scopes * self.own_per_day * self.days)
        scope = np.concatenate([shared_scope, rng.integers(0, self.n_scopes, n_own)])
        item = np.concatenate([rng.integers(0, self.n_rules, n_shared)[event], rng.integers(0, self.n_rules, n_own)])
        time_us = np.minimum(np.concatenate([shared_us, rng.integers(0, span_us, n_own)]), span_us)
        order = np.lexsort((time_us, scope))
        return Firings(
            scope[order].astype(np.int32), item[order].astype(np.int32), time_us[order], self.n_rules, WINDOW_US
        )


NullSpec = HistorySpec | SharedEvents


def draw(spec: NullSpec, seed: int) -> Firings:
    """Draw one history, in order of scope and time."""
    rng = np.random.default_rng(seed)
    if isinstance(spec, SharedEvents):
        return spec.fire(rng)
    firings = fire(spec, rng)
    order = np.argsort(firings.tenant, kind="stable")
    return Firings(
        firings.tenant[order].astype(np.int32),
        firings.rule[order].astype(np.int32),
        firings.at_ms[order] * 1000,
        n_items=len(spec.rules),
        window_us=WINDOW_US,
    )


def find_pairs(spec: NullSpec, seed: int) -> ComparedPairs:
    """Draw one history and test its pairs, as the analysis does."""
    return compared_pairs(draw(spec, seed), (0, spec.days * DAY_US))


def null_specs() -> dict[str, NullSpec]:
    """Histories without a cascade, by what makes them hard."""
    plain = HistorySpec.null()
    busy = HistorySpec.null(per_day=20.0)
    storms = tuple(
        Storm("acme", service.name, day, hours, 150)
        for service in plain.services
        for day, hours in ((3.4, 6.0), (9.1, 12.0), (16.7, 3.0), (22.2, 24.0))
    )
    return {
        "cycles, load of 6 h, every fourth rule bursty": plain,
        "five times as many alerts": busy,
        "five times as many alerts, load of 1 h and twice as strong": replace(busy, load_hours=1.0, load_sigma=0.8),
        "every rule bursty, repeats 400 s apart": replace(
            busy, rules=tuple(replace(rule, repeats=5.0, repeat_gap_s=400.0) for rule in plain.rules)
        ),
        "four long storms over all rules": replace(plain, storms=storms),
        "a year, 10 alerts a day and rule, strong daily cycle": replace(
            HistorySpec.null(per_day=10.0, days=365), daily_amplitude=0.9
        ),
        "one event on 20 hosts, pairs within a host (8 rules, 60 days)": SharedEvents(),
        "20 tenants that share the infrastructure (8 rules, 60 days)": SharedEvents(reach=0.7, own_per_day=0.5),
    }


def false_pair_share(spec: NullSpec, n_histories: int, seed: int = 0) -> float:
    """Share of histories with any pair at q < .05."""
    return float(np.mean([bool(np.any(find_pairs(spec, seed + i).q_value < 0.05)) for i in range(n_histories)]))


def cascade_spec(probability: float, leader_per_day: float, *, days: int = 28) -> HistorySpec:
    """Describe the null history with one cascade, from a quiet rule of the given rate to another."""
    spec = HistorySpec.null(days=days)
    rules = list(spec.rules)
    rules[1] = replace(rules[1], per_day=leader_per_day)
    return replace(spec, rules=tuple(rules), cascades=(Cascade(rules[1].name, rules[6].name, probability),))


def power(spec: HistorySpec, n_histories: int, seed: int = 0) -> tuple[float, float, float]:
    """Share of histories where the cascade is found, where it is found and directed, and mean leader bursts."""
    found, directed, bursts = 0, 0, 0
    for i in range(n_histories):
        pairs = find_pairs(spec, seed + i)
        it = (pairs.leader == 1) & (pairs.follower == 6)
        hit = bool(np.any(pairs.q_value[it] < 0.05))
        found += hit
        directed += hit and bool(np.all(pairs.tests.p_direction[it] < 0.05))
        bursts += int(pairs.sums.n_bursts[pairs.leader == 1].max(initial=0))
    return found / n_histories, directed / n_histories, bursts / n_histories


def main(n_histories: int) -> None:
    began = time.perf_counter()
    print(
        f"| histories without a cascade ({n_histories} each, 20 rules, 28 days unless said) | share with a false pair |"
    )
    print("|---|---|")
    for name, spec in null_specs().items():
        print(f"| {name} | {100 * false_pair_share(spec, n_histories):.1f} % |", flush=True)
    print("\n| follow probability | leader bursts | found at q < .05 | found and p_direction < .05 |")
    print("|---|---|---|---|")
    for leader_per_day in (1.5, 3.0, 10.0):
        for probability in (0.05, 0.1, 0.2, 0.4, 0.6):
            found, directed, bursts = power(cascade_spec(probability, leader_per_day), n_histories)
            print(f"| {probability} | {bursts:.0f} | {found:.2f} | {directed:.2f} |", flush=True)
    print(f"\n{time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
