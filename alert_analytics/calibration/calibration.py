"""Finding the cut: from a fitted detector and later windows to where 0.85 stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from alert_analytics.calibration.agreement import band_share, check_agreement
from alert_analytics.calibration.cut import Floats, Promise, ScoreMap, promised, rank_of_cut, score_map
from alert_analytics.calibration.head import calibrated_graph
from alert_analytics.detectors.base import FittedDetector
from alert_analytics.errors import CalibrationError
from alert_analytics.scoring.session import open_session, run_rows
from alert_analytics.stats.effective_size import EffectiveSize, effective_size
from alert_analytics.stats.tolerance import needed_size
from alert_analytics.tables import counted
from alert_analytics.windows import Windows, as_windows, plain_span

Span = tuple[str | int | None, str | int | None]


@dataclass(frozen=True, eq=False)
class Calibration:
    """What the calibration windows gave.

    Attributes
    ----------
    alpha, delta : float
        What was asked for.
    promise : Promise or None
        What can be promised; None for a best effort.
    size : EffectiveSize
        How many windows, and what they are worth.
    n_unknown : int
        Windows without any value, left out.
    rank : int
        The cut lies above the rank-th largest raw score.
    raw : numpy.ndarray of float64, shape (n,)
        Raw scores, by the graph.
    scores : ScoreMap
        The cut and the map.
    span : tuple
        Start and end: steps, or times in ISO 8601.
    entities : tuple of str
        Whose windows they were.
    """

    alpha: float
    delta: float
    promise: Promise | None
    size: EffectiveSize
    n_unknown: int
    rank: int
    raw: Floats
    scores: ScoreMap
    span: Span
    entities: tuple[str, ...]


def calibration_of(
    fitted: FittedDetector, windows: Any, alpha: float, delta: float, *, best_effort: bool
) -> Calibration:
    """Calibrate a detector; see :meth:`FittedDetector.calibrate`, which calls this.

    Notes
    -----
    The raw scores are those of the exported graph, held against those of the library that trained; and the whole graph
    is held against the calibration in plain numpy, on the calibration windows and around the cut.
    """
    alpha, delta = float(alpha), float(delta)  # numpy's numbers are none to JSON
    given = as_windows(windows)
    fitted.check(given)
    if given.is_normal is not None:
        given = given.select(given.is_normal)
    refuse_overlap("calibrate", given, fitted.learned.span[1])
    raw_graph = fitted.raw_graph()
    session = open_session(raw_graph.SerializeToString(), "raw graph")
    scored = run_rows(session, given.features, ["raw"])[0].astype(np.float64)
    known = np.flatnonzero(~np.isnan(scored))
    if not known.size:
        raise CalibrationError(
            f"calibrate: none of {len(given):,} windows has a value.",
            hint="expected the middle part of a split by time.",
        )
    looked_at, raw = given.select(known), scored[known]
    if not np.isfinite(raw).all():
        raise CalibrationError("calibrate: raw scores that are infinite.", hint="are the features on the usual scale?")
    size = worth(raw, looked_at)
    promise = promised(size, alpha, delta)
    if promise is None and not best_effort:
        raise CalibrationError(too_few_words(size, alpha, delta), hint=_way_out(size, delta))
    rank = rank_of_cut(size, promise.k) if promise else 1
    found = Calibration(
        alpha,
        delta,
        promise,
        size,
        len(given) - known.size,
        rank,
        raw,
        score_map(raw, alpha, rank),
        plain_span(looked_at),
        tuple(sorted({str(name) for name in looked_at.entity})),
    )
    check_agreement(fitted, looked_at, raw, calibrated_graph(raw_graph, found.scores), found.scores)
    if promise is not None and not best_effort:
        _refuse_rounding(fitted, found)
    return found


def _refuse_rounding(fitted: FittedDetector, found: Calibration) -> None:
    """Refuse a cut among scores that differ by rounding alone: which side they fall on would mean nothing."""
    share = band_share(found.raw, found.scores.threshold, exact=fitted.exact)
    if share > found.alpha:
        raise CalibrationError(
            f"{share:.1%} of the calibration windows score within rounding of the cut ({found.scores.threshold:.6g}): "
            "to this model they are all the same.",
            hint="are the features constant, or computed from one another? The isolation forest minds neither.",
        )


def worth(raw: Floats, windows: Windows) -> EffectiveSize:
    """What the raw scores of windows are worth, their entities taken as series that may depend on each other."""
    moments = windows.window_end.astype(np.int64)
    return effective_size(raw, np.unique(windows.entity.astype(str), return_inverse=True)[1], moments)


def refuse_overlap(what: str, windows: Windows, earlier_end: str | int | None) -> None:
    """Refuse windows that begin before the span that they must not know has ended.

    Steps and rows without a clock are taken at the caller's word: another file may number them anew.

    Raises
    ------
    CalibrationError
        They do.
    """
    start = plain_span(windows)[0]
    if isinstance(start, str) and isinstance(earlier_end, str) and np.datetime64(start) < np.datetime64(earlier_end):
        raise CalibrationError(
            f"{what}: the windows begin at {start}, before the span of the step before it ends ({earlier_end}).",
            hint="train, calibrate and test on the parts of windows.split_by_time(.6, .2, .2), in this order: a model "
            "scores what it has seen too low.",
        )


def too_few_words(size: EffectiveSize, alpha: float, delta: float) -> str:
    """Say that the windows do not suffice for a promise."""
    why = f" (they resemble their neighbours for {size.tau:.1f} windows, by {seen_in(size)})" if size.tau > 1 else ""
    return (
        f"{counted(size.n, 'calibration window')} {'is' if size.n == 1 else 'are'} worth {size.n_eff:,.1f} independent "
        f"ones{why}; a false-alarm rate of {alpha:g} with {confidence(delta)} confidence needs "
        f"{needed_size(alpha, delta):,}."
    )


def seen_in(size: EffectiveSize) -> str:
    """Say by what it shows that windows depend on each other."""
    return f"their {size.of}" if size.of in {"scores", "ranks", "few moments"} else f"which of them lie {size.of}"


def confidence(delta: float) -> str:
    """Write ``1 - delta`` in per cent, never rounded up to certainty."""
    return f"{100 * (1 - delta):.10g}%"


def _way_out(size: EffectiveSize, delta: float) -> str:
    reachable = next((rate for rate in (0.005, 0.01, 0.02, 0.05, 0.1) if needed_size(rate, delta) <= size.n_eff), None)
    rate = f"false_alarm_rate={reachable:g} is within reach, " if reachable else ""
    return f"{rate}a longer calibration span, or best_effort=True for a model that promises nothing and stays here."
