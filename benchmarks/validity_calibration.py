"""Whether a cut keeps its promise: at most alpha of new normal scores reach it, in 1 - delta of calibrations.

``python -m benchmarks.validity_calibration [CALIBRATIONS]`` prints three Markdown tables: the rule beside others on the
laws of scores that it is made for, the law that it is known to fail on, and what certificates say. Every law of scores
has a known marginal law, so the false-alarm rate of each cut is computed, not estimated.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.signal import lfilter
from scipy.stats import gamma, norm, poisson

from alert_analytics.calibration.certificate import certificate
from alert_analytics.calibration.cut import cut_above, promised, rank_of_cut
from alert_analytics.stats.effective_size import EffectiveSize, effective_size

DELTA = 0.05
ALPHAS = (0.01, 0.05)
SIZES = (1_000, 5_000)
OVERLAP = 10
OVERFIT = 0.95
GRID = np.round(np.arange(-100, 101) / 10, 1)

Floats = npt.NDArray[np.float64]
Draw = Callable[[np.random.Generator, int, int], Floats]


@dataclass(frozen=True)
class Law:
    """A law of scores: rows of dependent ones, and the share of single ones that reach a cut.

    Attributes
    ----------
    draw : callable
        Generator, rows and columns to an array of that shape; each row in order of series, then time.
    exceed : callable
        t to P(X >= t), exactly.
    n_series : int
        Series of equal length in each row.
    offset : int
        By how many times each series begins later than the one before: 0 where they carry the same times, their length
        where each has times of its own, as if nothing were shared.
    """

    name: str
    draw: Draw
    exceed: Callable[[float], float]
    n_series: int = 1
    offset: int = 0
    sizes: tuple[int, ...] = SIZES


@dataclass
class Tally:
    """Exact false-alarm rates of the cuts of one method, one per calibration; NaN where it refused."""

    rates: list[float] = field(default_factory=list)

    def broken(self, alpha: float) -> float:
        """Share of all calibrations that break the promise; a refused one breaks nothing."""
        return float(np.mean(np.array(self.rates) > alpha))

    def refused(self) -> float:
        """Share of calibrations without a cut."""
        return float(np.mean(np.isnan(self.rates)))

    def broken_of_issued(self, alpha: float) -> float:
        """Share of the calibrations with a cut that break the promise; NaN where there is none."""
        issued = np.array(self.rates)[~np.isnan(self.rates)]
        return float(np.mean(issued > alpha)) if issued.size else math.nan

    def mean(self) -> float:
        """Mean rate of the cuts; NaN where there is none."""
        issued = np.array(self.rates)[~np.isnan(self.rates)]
        return float(issued.mean()) if issued.size else math.nan


@dataclass(frozen=True)
class Row:
    """One law, sample size and alpha, and how each method did."""

    law: str
    n: int
    alpha: float
    n_eff: float
    tallies: dict[str, Tally]


def autoregressive(rng: np.random.Generator, rows: int, columns: int, rho: float) -> Floats:
    """Draw rows of a stationary AR(1) with standard normal values."""
    noise = rng.normal(size=(rows, columns))
    noise[:, 1:] *= math.sqrt(1 - rho**2)
    series: Floats = lfilter([1.0], [1.0, -rho], noise, axis=1)
    return series


def moving_mean(values: Floats) -> Floats:
    """Mean of every `OVERLAP` consecutive values of each row."""
    sums = np.cumsum(np.pad(values, ((0, 0), (1, 0))), axis=1)
    return (sums[:, OVERLAP:] - sums[:, :-OVERLAP]) / OVERLAP


def panel(rng: np.random.Generator, rows: int, columns: int) -> Floats:
    """Draw 20 series: half of the variance of each is a load that all share, an AR(1) with .5."""
    length = columns // 20
    load = autoregressive(rng, rows, length, 0.5)[:, None, :]
    own = rng.normal(size=(rows, 20, length))
    return (math.sqrt(0.5) * load + math.sqrt(0.5) * own).reshape(rows, columns)


def short_lived(rng: np.random.Generator, rows: int, columns: int) -> Floats:
    """Draw 100 series: half of the variance of each is a level of its own."""
    level = rng.normal(size=(rows, 100, 1))
    own = rng.normal(size=(rows, 100, columns // 100))
    return (math.sqrt(0.5) * level + math.sqrt(0.5) * own).reshape(rows, columns)


def restless(rng: np.random.Generator, rows: int, columns: int, cycle: int) -> Floats:
    """Draw normal noise, three times as wide in a tenth of the time: one spell in every `cycle` scores on average."""
    chance = rng.random((columns, rows))
    wide = chance < 0.1
    for t in range(1, columns):
        wide[t] = np.where(wide[t - 1], chance[t] >= 10 / cycle, chance[t] < 10 / (9 * cycle))
    return rng.normal(size=(rows, columns)) * np.where(wide.T, 3.0, 1.0)


def reached_on_grid(t: float) -> float:
    """P(X >= t) of a standard normal rounded to one decimal."""
    return float(norm.sf((np.searchsorted(GRID, t, side="left") - 100 - 0.5) / 10))


def laws() -> list[Law]:
    """Laws of scores, by what makes them hard."""
    deep = (*SIZES, 20_000)
    return [
        Law("independent normal", lambda rng, *shape: rng.normal(size=shape), norm.sf),
        Law("AR(1) .5", lambda rng, *shape: autoregressive(rng, *shape, 0.5), norm.sf),
        Law("AR(1) .8", lambda rng, *shape: autoregressive(rng, *shape, 0.8), norm.sf, sizes=deep),
        Law(
            "means of 10 normals, overlapping",
            lambda rng, rows, n: moving_mean(rng.normal(size=(rows, n + OVERLAP - 1))),
            lambda t: norm.sf(t * math.sqrt(OVERLAP)),
        ),
        Law(
            "means of 10 exponentials, overlapping",
            lambda rng, rows, n: moving_mean(rng.exponential(size=(rows, n + OVERLAP - 1))),
            lambda t: gamma.sf(t * OVERLAP, OVERLAP),
        ),
        Law(
            "lognormal of AR(1) .5", lambda rng, *s: np.exp(autoregressive(rng, *s, 0.5)), lambda t: norm.sf(np.log(t))
        ),
        Law("ties: normal to 1 decimal", lambda rng, *s: np.round(rng.normal(size=s), 1), reached_on_grid),
        Law(
            "ties: Poisson(3)",
            lambda rng, *shape: rng.poisson(3.0, shape).astype(np.float64),
            lambda t: poisson.sf(math.ceil(t) - 1, 3.0),
        ),
        Law("ties: AR(1) .5 to 1 decimal", lambda rng, *s: np.round(autoregressive(rng, *s, 0.5), 1), reached_on_grid),
        Law("20 series with a shared load", panel, norm.sf, n_series=20, sizes=(5_000,)),
        Law("the same, each series by itself", panel, norm.sf, n_series=20, offset=250, sizes=(5_000,)),
        Law(
            "100 series that come and go, each its level", short_lived, norm.sf, n_series=100, offset=25, sizes=(5_000,)
        ),
        Law("the same, as if they stayed", short_lived, norm.sf, n_series=100, sizes=(5_000,)),
    ]


def spells() -> list[Law]:
    """Normal regimes of their own noise, by how often the sample visits them."""

    def law(cycle: int) -> Law:
        return Law(
            f"noise 3 times as wide in a tenth of the time, a spell in {cycle}",
            lambda rng, *shape: restless(rng, *shape, cycle),
            lambda t: 0.9 * norm.sf(t) + 0.1 * norm.sf(t / 3),
        )

    return [law(cycle) for cycle in (20, 100, 500)]


def size_of(scores: Floats, law: Law) -> EffectiveSize:
    """Effective size of one row."""
    series = np.repeat(np.arange(law.n_series), scores.size // law.n_series)
    time = np.arange(scores.size) % (scores.size // law.n_series)
    return effective_size(scores, series, time + law.offset * series)


def tolerance_cut(scores: Floats, size: EffectiveSize, alpha: float) -> float:
    """The cut of the library; NaN where it refuses."""
    promise = promised(size, alpha, DELTA)
    return math.nan if promise is None else cut_above(scores, rank_of_cut(size, promise.k))


def cuts(scores: Floats, training: Floats, size: EffectiveSize, alpha: float) -> dict[str, float]:
    """The cut of every method.

    ``naive n`` is ours with every score taken for an independent one. ``marginal`` is the split-conformal cut: above
    the ceil((n + 1)(1 - alpha))-th smallest. ``training`` is the 1 - alpha quantile of as many scores that the detector
    was fitted to: drawn apart, and 5 % smaller than new ones. ``min-max`` is at 0.85 of the calibration's range.
    """
    n = scores.size
    marginal = n + 1 - math.ceil((n + 1) * (1 - alpha))
    low, high = float(scores.min()), float(scores.max())
    return {
        "ours": tolerance_cut(scores, size, alpha),
        "naive n": tolerance_cut(scores, EffectiveSize(n, n, 1.0, "scores"), alpha),
        "marginal": float(np.nextafter(np.partition(scores, n - marginal)[n - marginal], np.inf)),
        "training": OVERFIT * float(np.quantile(training, 1 - alpha)),
        "min-max": low + 0.85 * (high - low),
    }


def rows_of(law: Law, n: int, calibrations: int, seed: int = 0) -> list[Row]:
    """Calibrate many times on one law: a row for each alpha."""
    rng = np.random.default_rng([seed, n])
    found: list[dict[str, Tally]] = [{} for _ in ALPHAS]
    sizes: list[float] = []
    while len(sizes) < calibrations:
        batch = law.draw(rng, min(200, calibrations - len(sizes)), n)
        for i, scores in enumerate(batch):
            size = size_of(scores, law)
            sizes.append(size.n_eff)
            for alpha, tallies in zip(ALPHAS, found, strict=True):
                for method, t in cuts(scores, batch[i - 1], size, alpha).items():
                    rate = math.nan if math.isnan(t) else float(law.exceed(t))
                    tallies.setdefault(method, Tally()).rates.append(rate)
    n_eff = float(np.median(sizes))
    return [Row(law.name, n, alpha, n_eff, tallies) for alpha, tallies in zip(ALPHAS, found, strict=True)]


def table(measured: list[Law], calibrations: int, seed: int = 0) -> Iterator[Row]:
    """Measure every law, size and alpha."""
    for law in measured:
        for n in law.sizes:
            yield from rows_of(law, n, calibrations, seed)


def percent(share: float) -> str:
    return "-" if math.isnan(share) else f"{100 * share:.1f} %"


def markdown(rows: Iterator[Row]) -> Iterator[str]:
    """Write the rows as lines of a Markdown table."""
    others = ("naive n", "marginal", "training", "min-max")
    yield (
        "| scores | n | n_eff | alpha | refused | broken | broken, of issued | mean rate | "
        + " | ".join(f"broken: {name}" for name in others)
        + " |"
    )
    yield "|---|" + "---:|" * (7 + len(others))
    for row in rows:
        ours = row.tallies["ours"]
        shares = [ours.refused(), ours.broken(row.alpha), ours.broken_of_issued(row.alpha)]
        rest = [row.tallies[name].broken(row.alpha) for name in others]
        mean = "-" if math.isnan(ours.mean()) else f"{100 * ours.mean():.2f} %"
        cells = [percent(share) for share in shares] + [mean] + [percent(share) for share in rest]
        yield f"| {row.law} | {row.n} | {row.n_eff:.0f} | {row.alpha} | " + " | ".join(cells) + " |"


@dataclass(frozen=True)
class Verdicts:
    """What certificates said of issued cuts, by how often normal scores of the test span reach them.

    Attributes
    ----------
    times : float
        The true rate, in units of alpha; 0 where it is that of the calibration's law and the promise is kept.
    """

    law: str
    n: int
    alpha: float
    times: float
    found: list[str]

    def share(self, status: str) -> float:
        """Share of the certificates that say so."""
        return self.found.count(status) / len(self.found) if self.found else math.nan


def verdicts(law: Law, n: int, alpha: float, calibrations: int, seed: int = 0) -> list[Verdicts]:
    """Calibrate on n scores of a law with standard normal margins and certify on n more, as they are and moved.

    The cut of the test scores is that of the calibration, where it keeps the promise, or one that they pass at 2 and 5
    times alpha: as if all of them had moved up.
    """
    rng = np.random.default_rng([seed, n])
    found: dict[float, list[str]] = {times: [] for times in (0.0, 2.0, 5.0)}
    for scores, later in zip(law.draw(rng, calibrations, n), law.draw(rng, calibrations, n), strict=True):
        t = tolerance_cut(scores, size_of(scores, law), alpha)
        size = size_of(later, law)
        cuts_of_test = {times: float(norm.isf(times * alpha)) for times in found if times}
        if not math.isnan(t) and law.exceed(t) <= alpha:
            cuts_of_test[0.0] = t
        for times, cut in cuts_of_test.items():
            found[times].append(certificate(later >= cut, size, alpha, "declaration", (None, None)).status)
    return [Verdicts(law.name, n, alpha, times, statuses) for times, statuses in found.items()]


def certificates(calibrations: int, seed: int = 0) -> Iterator[Verdicts]:
    """Certify on independent scores and on an AR(1) with .8, where a promise is mostly given."""
    by_name = {law.name: law for law in laws()}
    for name in ("independent normal", "AR(1) .8"):
        for n in SIZES:
            for alpha in ALPHAS:
                if (name, n, alpha) != ("AR(1) .8", 1_000, 0.01):
                    yield from verdicts(by_name[name], n, alpha, calibrations, seed)


def certificate_markdown(found: Iterator[Verdicts]) -> Iterator[str]:
    """Write what certificates said as lines of a Markdown table."""
    yield "| scores | n = m | alpha | true rate | certificates | certified | inconclusive | falsified |"
    yield "|---|---:|---:|---|---:|---:|---:|---:|"
    for row in found:
        rate = f"{row.times:.0f} alpha" if row.times else "kept: at most alpha"
        shares = " | ".join(percent(row.share(status)) for status in ("certified", "inconclusive", "falsified"))
        yield f"| {row.law} | {row.n} | {row.alpha} | {rate} | {len(row.found)} | {shares} |"


def main(calibrations: int) -> None:
    for lines in (
        markdown(table(laws(), calibrations)),
        markdown(table(spells(), calibrations)),
        certificate_markdown(certificates(calibrations // 2)),
    ):
        for line in lines:
            print(line, flush=True)
        print()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2_000)
