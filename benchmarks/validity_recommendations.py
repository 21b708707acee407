"""How often recommendations name bad rules, and how often a change saves what was predicted.

``python -m benchmarks.validity_recommendations`` draws 200 histories whose bad rules are known, asks each for its
recommendations, makes the first ten changes, and draws another stretch of the same length with and without them. They
are changes of different rules, so what each saves is read from the alerts of its rule.
"""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pyarrow.compute as pc

from alert_analytics.alerts import RuleChange
from alert_analytics.analytics import Recommendations
from alert_analytics.simulation import Cascade, HistorySpec, Resolution, Rule, Service, Tenant, simulate_history

FIRST = 10
N_RUNS = 200
_APART = 1_000_000  # between the seeds of what was seen and of what comes

BAD = {
    **{f"Transient{i}": "raise for" for i in range(4)},
    **{f"Bursty{i}": "widen the dedup window" for i in range(3)},
    "Flapping": "widen the dedup window",
    **{f"Follower{i}": "merge with its leader" for i in range(3)},
    **{f"Ignored{i}": "delete" for i in range(2)},
    "Cleared": "resolve automatically",
}
"""The rules that are bad, each with the change that was planted for it."""


def planted_spec(days: int = 84, load_sigma: float = 0.3) -> HistorySpec:
    """Describe a history of 34 rules, 14 of which are noisy, flapping, redundant, ignored or left lying."""
    services = tuple(Service(f"service-{i}", f"team-{i}") for i in range(5))
    severities = ("low", "medium", "high", "critical")

    def rule(i: int, name: str, per_day: float, **more: Any) -> Rule:
        return Rule(name, services[i % 5].name, severities[i % 4], per_day, **more)

    ordinary = [rule(i, f"Ordinary{i:02d}", 0.5 + 0.25 * i) for i in range(17)]
    leaders = [rule(i, f"Leader{i}", 2.0 + i) for i in range(3)]
    bad = [
        *(
            rule(i, f"Transient{i}", 3.0 + i, transient_share=0.7 + 0.08 * i, transient_s=60.0 + 60 * i)
            for i in range(4)
        ),
        *(rule(i + 1, f"Bursty{i}", 1.0 + i / 2, repeats=3.0 + i, repeat_gap_s=200.0) for i in range(3)),
        rule(2, "Flapping", 0.7, repeats=10.0, repeat_gap_s=240.0, flapping=True),
        *(rule(i + 3, f"Follower{i}", 0.3 + 0.2 * i) for i in range(3)),
        *(rule(i, f"Ignored{i}", 2.0 + i, ignored=True) for i in range(2)),
        rule(2, "Cleared", 2.5, cleared_by_hand=True),
    ]
    return HistorySpec(
        (Tenant("acme"),),
        services,
        (*ordinary, *leaders, *bad),
        tuple(Cascade(f"Leader{i}", f"Follower{i}", 0.6 + 0.1 * i) for i in range(3)),
        days=days,
        load_sigma=load_sigma,
        resolution={name: Resolution(3600.0 * hours) for name, hours in zip(severities, (30, 10, 4, 1), strict=True)},
        automatic_share=0.3,
        descriptions=False,
    )


@dataclass
class Tally:
    """What came of the first ten recommendations of several histories.

    Attributes
    ----------
    n, n_bad, n_kind : int
        Recommendations; those of a rule that is bad; those of the very kind that was planted.
    covered, asked : Counter
        By kind, changes made, and those whose saving lay in its interval; under ``all`` of every kind.
    runs : list of float
        Of each history the share of its intervals that covered.
    ratio : list of float
        Saved over predicted.
    """

    n: int = 0
    n_bad: int = 0
    n_kind: int = 0
    covered: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    runs: list[float] = field(default_factory=list)
    ratio: list[float] = field(default_factory=list)

    @property
    def coverage(self) -> float:
        """Of all intervals."""
        return self.covered["all"] / max(self.asked["all"], 1)


def tallied(n_runs: int, spec: HistorySpec | None = None, first_seed: int = 0) -> Tally:
    """Run the simulation."""
    spec, tally = spec or planted_spec(), Tally()
    for seed in range(first_seed, first_seed + n_runs):
        found = Recommendations.from_alerts(simulate_history(spec, seed).alerts)
        before = simulate_history(spec, seed + _APART).alerts
        first = list(zip(found.table.to_pylist(), found.changes, strict=True))[:FIRST]
        after = simulate_history(spec, seed + _APART, {row["item"]: change for row, change in first}).alerts
        hits = []
        for row, change in first:
            weeks = float(str(found.settings["weeks"]))
            saved = (_interruptions(before, row["item"], change) - _interruptions(after, row["item"], change)) / weeks
            tally.n += 1
            tally.n_bad += row["item"] in BAD
            tally.n_kind += BAD.get(row["item"]) == row["kind"]
            hits.append(row["saved_low"] <= saved <= row["saved_high"])
            tally.ratio.append(saved / row["saved_per_week"])
            for kind in ("all", row["kind"]):
                tally.asked[kind] += 1
                tally.covered[kind] += hits[-1]
        tally.runs.append(sum(hits) / max(len(hits), 1))
    return tally


def _interruptions(alerts: Any, item: str, change: RuleChange) -> int:
    """How often a rule interrupts: its alerts, or the closings by hand of those that nobody acknowledged."""
    mine = pc.equal(alerts["rule"], item)
    if change.resolve_after is not None:
        by_hand = pc.and_kleene(pc.equal(alerts["resolution"], "manual"), pc.is_null(alerts["acknowledged_at"]))
        mine = pc.and_kleene(mine, by_hand)
    return int(pc.sum(mine).as_py() or 0)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.validity_recommendations", description=__doc__)
    parser.add_argument("--runs", type=int, default=N_RUNS)
    n_runs = parser.parse_args().runs
    print("| histories | bad among the first ten | of the planted kind | interval covers the saving made | by kind |")
    print("|---|---|---|---|---|")
    cases = {
        "12 weeks, shared load .3": planted_spec(),
        "4 weeks, shared load .3": planted_spec(28),
        "12 weeks, shared load .6": planted_spec(load_sigma=0.6),
    }
    for place, (name, spec) in enumerate(cases.items()):
        tally = tallied(n_runs if place == 0 else n_runs // 4, spec)
        kinds = ", ".join(
            f"{kind} {tally.covered[kind] / tally.asked[kind]:.1%} of {tally.asked[kind]:,}"
            for kind in tally.asked
            if kind != "all"
        )
        print(
            f"| {len(tally.runs)}: {name} | {tally.n_bad / max(tally.n, 1):.1%} of {tally.n:,} | "
            f"{tally.n_kind / max(tally.n, 1):.1%} | {tally.coverage:.1%} | {kinds} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
