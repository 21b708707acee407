"""Flapping against Nagios' arithmetic written out: every check of every state, a list of 21, one percentage each."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alert_analytics.engine.kernels.flapping import flapping

CHECK = 10
UNTIL = 1_000


@dataclass
class Nagios:
    """A service's state history as base/flapping.c keeps it."""

    high: float
    low: float
    history: list[int] = field(default_factory=lambda: [0] * 21)
    is_flapping: bool = False
    percent: float = 0.0

    def check(self, state: int) -> None:
        self.history = [*self.history[1:], state]
        curved_changes = 0.0
        for x in range(1, 21):
            if self.history[x] != self.history[x - 1]:
                curved_changes += ((x - 1) * (1.25 - 0.75)) / 19 + 0.75
        self.percent = curved_changes * 100.0 / 20
        if self.low < self.percent < self.high:
            return
        if self.percent <= self.low:
            self.is_flapping = False
        elif self.percent >= self.high:
            self.is_flapping = True


def by_hand(
    alerts: list[tuple[int, int | None]], high: float, low: float
) -> tuple[list[float], list[bool], list[float]]:
    """Of one condition: percentage and flapping at each firing, and how long it flapped until the next."""
    runs: list[list[int]] = []
    owners = []
    for fired, end in alerts:
        last = UNTIL + 1 if end is None else end
        if runs and fired < runs[-1][1]:
            runs[-1][1] = max(runs[-1][1], last)
        else:
            runs.append([fired, last])
            owners.append(fired)
    checks: list[tuple[int, int, int]] = []  # when, state, the run's number
    for i, (fired, end) in enumerate(runs):
        held = list(range(fired, min(end, UNTIL), CHECK)) or [fired]
        checks += [(t, 1, i) for t in held]
        if end > UNTIL:
            continue
        following = runs[i + 1][0] if i + 1 < len(runs) else UNTIL
        checks += [(t, 0, i) for t in (list(range(end, following, CHECK)) or [end])]
    nagios, seen, flapped = Nagios(high, low), [], [0.0] * len(runs)
    for place, (t, state, run) in enumerate(checks):
        nagios.check(state)
        seen.append((t, nagios.percent, nagios.is_flapping))
        if nagios.is_flapping:
            flapped[run] += (checks[place + 1][0] if place + 1 < len(checks) else UNTIL) - t
    percent, flaps, time = [], [], []
    for fired, _ in alerts:
        run = next((i for i, start in enumerate(owners) if start == fired), None)
        first = run is not None and (fired, run) not in [(f, r) for f, r, *_ in time]
        if first:
            place = next(i for i, (t, state, r) in enumerate(checks) if r == run and state == 1)
        else:
            place = max(i for i, (t, state, _) in enumerate(checks) if t <= fired and state == 1)
        percent.append(seen[place][1])
        flaps.append(seen[place][2])
        time.append((fired, run, flapped[run] if first and run is not None else 0.0))
    return percent, flaps, [each[2] for each in time]


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[int, int | None]]:
    n = draw(st.integers(1, 40))
    fired = sorted(draw(st.lists(st.integers(0, UNTIL - 1), min_size=n, max_size=n, unique=True)))
    lengths = st.one_of(st.none() if draw(st.booleans()) else st.integers(0, 12), st.integers(0, 40))
    found = []
    for t in fired:
        length = draw(lengths)
        end = None if length is None or t + length > UNTIL else t + length
        found.append((t, end))
    return found


def kernel(
    alerts: list[tuple[int, int | None]], high: float, low: float, condition: int = 0
) -> tuple[list, list, list]:
    fired = np.array([fired for fired, _ in alerts], dtype=np.int64)
    end = np.array([UNTIL if end is None else end for _, end in alerts], dtype=np.int64)
    over = np.array([end is not None for _, end in alerts])
    codes = np.full(fired.size, condition, dtype=np.int64)
    found = flapping(codes, fired, end, over, until_us=UNTIL, check_us=CHECK, high=high, low=low)
    return found.percent.tolist(), found.flaps.tolist(), found.flapping_us.tolist()


@settings(deadline=None, max_examples=300)
@given(histories(), st.sampled_from([(30.0, 20.0), (20.0, 5.0), (12.5, 0.0), (50.0, 50.0), (6.25, 6.25)]))
def test_the_kernel_is_nagios_check_by_check(alerts: list[tuple[int, int | None]], cut: tuple[float, float]) -> None:
    percent, flaps, time = by_hand(alerts, *cut)
    found = kernel(alerts, *cut)
    assert found[0] == pytest.approx(percent, abs=1e-9)
    assert found[1] == flaps
    assert found[2] == pytest.approx(time, abs=1e-9)
