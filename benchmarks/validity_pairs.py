"""False pairs and power of the correlation test, on simulated histories: ``python -m benchmarks.validity_pairs``.

Prints three Markdown tables. The first: of 200 histories without any planted cascade, the share in which some pair has
q < .05, which is to be at most 8 %, and the share in which the pruned graph has an edge. The second: with five cascades
planted, which share of the pairs found is false, on the average; to be at most 6 % and two standard errors. The third:
of planted cascades, the share found at q < .05.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from alert_analytics.analytics.correlation_counts import ComparedPairs, Firings, compared_pairs
from alert_analytics.analytics.correlation_strength import pair_strengths
from alert_analytics.analytics.correlation_table import FDR
from alert_analytics.analytics.correlation_topology import linked_scopes
from alert_analytics.simulation import Cascade, HistorySpec, Storm
from alert_analytics.simulation.firing import fire

WINDOW_US = 300_000_000
DAY_US = 86_400_000_000

Flags = npt.NDArray[np.bool_]


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


def find_edges(spec: NullSpec, seed: int) -> tuple[ComparedPairs, Flags]:
    """Draw one history, test its pairs, and say which of them the pruned graph keeps, as the analysis does."""
    firings, span_us = draw(spec, seed), (0, spec.days * DAY_US)
    pairs = compared_pairs(firings, span_us)
    unlinked = linked_scopes(None, (), int(firings.scope.max()) + 1)
    strengths = pair_strengths(firings.starts(), pairs, span_us, unlinked)
    return pairs, (pairs.q_value < FDR) & (strengths.ebic_gain > 0)


def false_pair_share(spec: NullSpec, n_histories: int, seed: int = 0) -> float:
    """Share of histories with any pair at q < .05."""
    return float(np.mean([bool(np.any(find_pairs(spec, seed + i).q_value < FDR)) for i in range(n_histories)]))


def false_edge_share(spec: NullSpec, n_histories: int, seed: int = 0) -> float:
    """Share of histories whose pruned graph has any edge."""
    return float(np.mean([bool(np.any(find_edges(spec, seed + i)[1])) for i in range(n_histories)]))


PLANTED = {(1, 6): 0.6, (2, 9): 0.4, (3, 14): 0.4, (5, 10): 0.3, (13, 7): 0.3}
"""Cascades, leader and follower to probability: between quiet rules, no rule in two of them."""


def planted(spec: HistorySpec) -> HistorySpec:
    """The same history with the five cascades."""
    names = [rule.name for rule in spec.rules]
    cascades = tuple(Cascade(names[i], names[j], probability) for (i, j), probability in PLANTED.items())
    return replace(spec, cascades=cascades)


def realised_fdr(spec: HistorySpec, n_histories: int, seed: int = 0) -> tuple[float, float, float]:
    """Mean share of the found pairs that were not planted, its standard error, and how many planted are found."""
    false, found_true = [], []
    for i in range(n_histories):
        pairs = find_pairs(planted(spec), seed + i)
        found = pairs.q_value < FDR
        ends = zip(pairs.leader[found].tolist(), pairs.follower[found].tolist(), strict=True)
        true = sum(pair in PLANTED for pair in ends)
        false.append((int(found.sum()) - true) / max(int(found.sum()), 1))
        found_true.append(true)
    return float(np.mean(false)), float(np.std(false) / np.sqrt(n_histories)), float(np.mean(found_true))


def cascade_spec(probability: float, leader_per_day: float, *, days: int = 28, bursty: bool = False) -> HistorySpec:
    """Describe the null history with one cascade, from a quiet rule of the given rate to another.

    With `bursty` every rule but the leader repeats itself, three times on the average.
    """
    spec = HistorySpec.null(days=days)
    rules = [replace(rule, repeats=3.0) for rule in spec.rules] if bursty else list(spec.rules)
    rules[1] = replace(rules[1], per_day=leader_per_day, repeats=0.0)
    return replace(spec, rules=tuple(rules), cascades=(Cascade(rules[1].name, rules[6].name, probability),))


def power(spec: HistorySpec, n_histories: int, seed: int = 0) -> tuple[float, float, float]:
    """Share of histories where the cascade is found, where it is found and directed, and mean leader bursts."""
    found, directed, bursts = 0, 0, 0
    for i in range(n_histories):
        pairs = find_pairs(spec, seed + i)
        it = (pairs.leader == 1) & (pairs.follower == 6)
        hit = bool(np.any(pairs.q_value[it] < FDR))
        found += hit
        directed += hit and bool(np.all(pairs.tests.p_direction[it] < FDR))
        bursts += int(pairs.sums.n_bursts[pairs.leader == 1].max(initial=0))
    return found / n_histories, directed / n_histories, bursts / n_histories


def main(n_histories: int) -> None:
    began = time.perf_counter()
    print(
        f"| histories without a cascade ({n_histories} each, 20 rules, 28 days unless said) | share with a false pair "
        "| share with an edge in the graph |"
    )
    print("|---|---|---|")
    for name, spec in null_specs().items():
        pairs, edges = (100 * share(spec, n_histories) for share in (false_pair_share, false_edge_share))
        print(f"| {name} | {pairs:.1f} % | {edges:.1f} % |", flush=True)
    print(f"\n| the same with five cascades ({n_histories} each) | realised FDR at q < .05 | s.e. | planted found |")
    print("|---|---|---|---|")
    for name, spec in null_specs().items():
        if isinstance(spec, HistorySpec):
            rate, error, n_true = realised_fdr(spec, n_histories)
            print(f"| {name} | {100 * rate:.1f} % | {100 * error:.1f} % | {n_true:.1f} of {len(PLANTED)} |", flush=True)
    print("\n| rules | follow probability | leader bursts | found at q < .05 | found and p_direction < .05 |")
    print("|---|---|---|---|---|")
    for bursty in (False, True):
        for leader_per_day in (1.5, 3.0, 4.0, 10.0):
            for probability in (0.05, 0.1, 0.2, 0.4, 0.6):
                spec = cascade_spec(probability, leader_per_day, bursty=bursty)
                found, directed, bursts = power(spec, n_histories)
                rules = "all but the leader bursty" if bursty else "every fourth bursty"
                print(f"| {rules} | {probability} | {bursts:.0f} | {found:.2f} | {directed:.2f} |", flush=True)
    print(f"\n{time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
