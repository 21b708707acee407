"""Whether change points, forecasts, detectable slopes and before-after ratios keep what they say.

``python -m benchmarks.validity_trend`` prints a Markdown table for each, on the series of ``validity_slope``: a weekly
cycle, a load that is correlated from day to day, plain, zero-heavy or with storm days. A number as argument scales the
series a condition.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from alert_analytics.stats.change_points import level_shifts
from alert_analytics.stats.detectable import detectable_slopes
from alert_analytics.stats.forecast import ahead
from alert_analytics.stats.rate_ratio import rate_ratio
from alert_analytics.stats.slope import weekly_slopes
from benchmarks.validity_slope import SHAPES, daily_counts, whole_weeks

CLEAR = 0.005
"""The p-value below which a change counts as clear."""

HORIZON = 28


@dataclass(frozen=True)
class Row:
    """One condition: what was simulated, and the shares that came out."""

    condition: tuple[object, ...]
    n: int
    shares: dict[str, float]


def changes(
    n: int, seed: int = 0, rhos: tuple[float, ...] = (0.0, 0.5), days: tuple[int, ...] = (60, 120, 240)
) -> list[Row]:
    """Count series without a change that get one, and changes to .35 of the level that are found and covered.

    Parameters
    ----------
    n : int
        Series a condition; half as many change.
    seed : int
        Of the simulation.
    rhos, days : tuple
        Correlations of the day factor, lengths of the series.

    Returns
    -------
    list of Row
        ``false``: series with any false change; ``power``; ``covered``: intervals that hold the day; ``clear``: those
        of changes with p < :data:`CLEAR`; ``n_clear``.
    """
    rng, rows = np.random.default_rng(seed), []
    for length, rho, shape in product(days, rhos, SHAPES):
        flat, _ = daily_counts(rng, n, length, rho=rho, shape=shape, growth=0.0)
        weekday = np.arange(length) % 7
        false = np.mean([bool(level_shifts(one[None], weekday)[0].found) for one in flat])
        covered, clear, n_found = [], [], 0
        changed, _ = daily_counts(rng, max(n // 2, 1), length, rho=rho, shape=shape, growth=0.0)
        for one in changed:
            day = int(rng.integers(21, length - 20))
            one[day:] = rng.binomial(one[day:], 0.35)
            found = level_shifts(one[None], weekday)[0].found
            n_found += bool(found)
            if found:
                nearest = min(found, key=lambda shift: abs(shift.day - day))
                covered.append(nearest.first <= day <= nearest.last)
                if nearest.p_value < CLEAR:
                    clear.append(covered[-1])
        shares = {
            "false": float(false),
            "power": n_found / len(changed),
            "covered": float(np.mean(covered)) if covered else float("nan"),
            "clear": float(np.mean(clear)) if clear else float("nan"),
            "n_clear": float(len(clear)),
        }
        rows.append(Row((length, rho, shape), n, shares))
    return rows


def forecasts(n: int, seed: int = 0, days: tuple[int, ...] = (60, 90, 180)) -> list[Row]:
    """Count days ahead that lie in their intervals, with and without a growth of one half over the series.

    Returns
    -------
    list of Row
        ``covered``, of all days; ``first``, of the first day; ``above``, beyond the upper end.
    """
    rng, rows = np.random.default_rng(seed), []
    for length, rho, shape, growth in product(days, (0.0, 0.5), SHAPES, (0.0, 0.5)):
        counts, _ = daily_counts(rng, n, length + HORIZON, rho=rho, shape=shape, growth=growth)
        weekday = np.arange(length + HORIZON) % 7
        inside, above = np.zeros(HORIZON), 0.0
        for one in counts:
            said, later = ahead(one[:length], weekday[:length], weekday[length:]), one[length:]
            inside += (said.low <= later) & (later <= said.high)
            above += float(np.mean(later > said.high))
        shares = {"covered": float(inside.mean() / n), "first": float(inside[0] / n), "above": above / n}
        rows.append(Row((length, rho, shape, growth), n, shares))
    return rows


def detectable(n: int, seed: int = 0, days: tuple[int, ...] = (60, 120, 180)) -> list[Row]:
    """Plant in one stretch the slope that another stretch of the same series says it would have shown; count.

    Returns
    -------
    list of Row
        ``found``: p < .05 and the right sign, about .8.
    """
    rng, rows = np.random.default_rng(seed), []
    for length, rho, shape in product(days, (0.0, 0.5), SHAPES):
        # Two stretches of one series: what the first says, planted in the second.
        twice, _ = daily_counts(rng, n, 2 * length, rho=rho, shape=shape, growth=0.0)
        fit = weekly_slopes(whole_weeks(twice[:, :length]))
        slope = detectable_slopes(fit, np.full(n, fit.n_weeks))
        week = np.arange(fit.n_weeks) - (fit.n_weeks - 1) / 2
        planted = weekly_slopes(whole_weeks(twice[:, length:]) + 49 * slope[:, None] * week)
        found = np.mean((planted.p_value <= 0.05) & (planted.slope_per_day > 0))
        rows.append(Row((length, rho, shape), n, {"found": float(found)}))
    return rows


def ratios(
    n: int, seed: int = 0, stretches: tuple[tuple[int, int], ...] = ((14, 14), (28, 56), (90, 30), (90, 90))
) -> list[Row]:
    """Count ratios that lie in their intervals, unchanged and halved.

    Returns
    -------
    list of Row
        ``covered``, of those with an interval; ``known``, the share that has one; ``found``, p < .05.
    """
    rng, rows = np.random.default_rng(seed), []
    for (before, after), rho, shape, factor in product(stretches, (0.0, 0.5), SHAPES, (1.0, 0.5)):
        counts, _ = daily_counts(rng, n, before + after, rho=rho, shape=shape, growth=0.0)
        counts[:, before:] = rng.binomial(counts[:, before:], factor)
        weekday = np.arange(before + after) % 7
        made = [rate_ratio(one[:before], weekday[:before], one[before:], weekday[before:]) for one in counts]
        known = [one for one in made if one.low == one.low]
        shares = {
            "covered": float(np.mean([one.low <= factor <= one.high for one in known])) if known else float("nan"),
            "known": len(known) / n,
            "found": float(np.mean([one.p_value <= 0.05 for one in known])) if known else float("nan"),
        }
        rows.append(Row((f"{before}+{after}", rho, shape, factor), n, shares))
    return rows


def mean_of(rows: list[Row], share: str) -> float:
    """The mean of a share over conditions that have it."""
    return float(np.nanmean([row.shares[share] for row in rows]))


def pooled_clear(rows: list[Row]) -> float:
    """Coverage of the dates of clear changes, all conditions together."""
    n: npt.NDArray[np.float64] = np.array([row.shares["n_clear"] for row in rows])
    return float(np.nansum([row.shares["clear"] * row.shares["n_clear"] for row in rows]) / n.sum())


def markdown(names: tuple[str, ...], rows: list[Row]) -> Iterator[str]:
    """Write conditions as lines of a Markdown table, the mean last.

    Yields
    ------
    str
        One line.
    """
    shares = list(rows[0].shares)
    yield "| " + " | ".join([*names, "series", *shares]) + " |"
    yield "|" + "---|" * len(names) + "---:|" * (1 + len(shares))
    for row in rows:
        cells = [*map(str, row.condition), str(row.n), *(f"{row.shares[share]:.3f}" for share in shares)]
        yield "| " + " | ".join(cells) + " |"
    means = [f"{mean_of(rows, share):.3f}" for share in shares]
    yield "| " + " | ".join(["all", *[""] * (len(names) - 1), str(sum(row.n for row in rows)), *means]) + " |"


def main(scale: float = 1.0) -> None:
    series = ("days", "rho", "shape")
    tables = {
        "Changes of level: false alarms, power and date intervals": (series, changes(int(1000 * scale))),
        "Forecast, 28 days ahead": ((*series, "growth"), forecasts(int(300 * scale))),
        "Detectable slopes, planted": (series, detectable(int(4000 * scale))),
        "Before and after: ratio of rates": (("days", "rho", "shape", "ratio"), ratios(int(1500 * scale))),
    }
    for title, (names, rows) in tables.items():
        sys.stdout.write("\n".join(["", f"### {title}", "", *markdown(names, rows), ""]))
        sys.stdout.flush()


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 and sys.argv[0].endswith("validity_trend.py") else 1.0)
