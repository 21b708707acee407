"""Whether the weekly slope stays unbiased, and its interval holds, where maintenance windows take time away.

``python -m benchmarks.validity_exposure`` prints a Markdown table by kind of window. Beside it stands what comes of
taking the counts as they are left, as if all the time had been at risk.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from alert_analytics.stats.exposure import share_at_risk, slopes_at_risk
from alert_analytics.stats.slope import weekly_slopes
from benchmarks.validity_slope import daily_counts

WEEKS = 18
WINDOWS = ("nightly", "days at random", "late weekends", "late working days", "a frozen fortnight")


@dataclass(frozen=True)
class Row:
    """How the slope did under one kind of window; biases are shares of the true slope."""

    windows: str
    shape: str
    n_series: int
    lost: float
    bias: float
    coverage: float
    false_positives: float
    naive_bias: float
    naive_coverage: float


def time_at_risk(rng: np.random.Generator, windows: str, n_series: int) -> npt.NDArray[np.float64]:
    """Draw the share of each day that is at risk.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of chance.
    windows : str
        Of :data:`WINDOWS`: two hours every night; a fifth of all days, whole or in part; from the middle on, most
        weekends; from the middle on, two days a week; two weeks from the middle on.
    n_series : int
        How many series.

    Returns
    -------
    numpy.ndarray of float64, shape (n_series, 7 * WEEKS)
        In [0, 1].
    """
    at_risk = np.ones((n_series, WEEKS, 7))
    late = (np.arange(WEEKS) >= WEEKS // 2)[None, :, None]
    if windows == "nightly":
        at_risk -= 2 / 24
    elif windows == "days at random":
        at_risk -= (rng.random(at_risk.shape) < 0.2) * rng.choice([0.25, 0.5, 1.0], at_risk.shape)
    elif windows == "late weekends":
        at_risk[..., 5:] -= late * (rng.random((n_series, WEEKS, 1)) < 0.8)
    elif windows == "late working days":
        at_risk -= late * (rng.permuted(np.broadcast_to(np.arange(7) < 2, at_risk.shape), axis=2))
    else:
        at_risk[:, WEEKS // 2 : WEEKS // 2 + 2] = 0.0
    return at_risk.reshape(n_series, -1)


def table(n_series: int, seed: int = 0) -> list[Row]:
    """Measure bias and coverage under a trend, and false positives under none.

    Parameters
    ----------
    n_series : int
        Series in all, spread evenly; as many again have no trend.
    seed : int
        Seed of the simulation.

    Returns
    -------
    list of Row
        One for each kind of window and shape of series.
    """
    rng = np.random.default_rng(seed)
    shapes = ("plain", "zero-heavy")
    each = -(-n_series // (len(WINDOWS) * len(shapes)))
    rows = []
    for windows in WINDOWS:
        for shape in shapes:
            fits = []
            for growth in (0.5, 0.0):
                counts, truth = daily_counts(rng, each, 7 * WEEKS, rho=0.3, shape=shape, growth=growth)
                at_risk = time_at_risk(rng, windows, each)
                left = rng.binomial(counts, at_risk)
                cells = zip(left.reshape(each, 1, WEEKS, 7), at_risk.reshape(each, 1, WEEKS, 7), strict=True)
                share = np.array([share_at_risk(*cell) for cell in cells])
                totals = left.reshape(each, WEEKS, 7).sum(axis=2)
                fits.append((slopes_at_risk(totals, share)[0], weekly_slopes(totals), truth, at_risk))
            (fit, naive, truth, at_risk), (flat, *_) = fits
            scale = truth.mean()
            rows.append(
                Row(
                    windows,
                    shape,
                    each,
                    1 - float(at_risk.mean()),
                    float(np.mean(fit.slope_per_day - truth) / scale),
                    float(np.mean((fit.low <= truth) & (truth <= fit.high))),
                    float(np.mean(flat.p_value <= 0.05)),
                    float(np.mean(naive.slope_per_day - truth) / scale),
                    float(np.mean((naive.low <= truth) & (truth <= naive.high))),
                )
            )
    return rows


def markdown(rows: list[Row]) -> Iterator[str]:
    """Write the rows as lines of a Markdown table.

    Parameters
    ----------
    rows : list of Row
        From :func:`table`.

    Yields
    ------
    str
        One line.
    """
    measured = ("bias", "coverage", "false positives", "bias, as left", "coverage, as left")
    yield f"| windows | shape | series | time lost | {' | '.join(measured)} |"
    yield "|---|---|---:|---:|---:|---:|---:|---:|---:|"
    for row in rows:
        yield (
            f"| {row.windows} | {row.shape} | {row.n_series} | {row.lost:.1%} | {row.bias:+.1%} | {row.coverage:.3f} | "
            f"{row.false_positives:.3f} | {row.naive_bias:+.1%} | {row.naive_coverage:.3f} |"
        )


if __name__ == "__main__":
    sys.stdout.write("\n".join(markdown(table(20_000))) + "\n")
