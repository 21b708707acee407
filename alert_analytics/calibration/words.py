"""What a calibrated model says of its threshold, in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from alert_analytics.calibration.calibration import Calibration, confidence, seen_in, too_few_words
from alert_analytics.calibration.cut import SCORE_CUT
from alert_analytics.tables import counted, in_figures

if TYPE_CHECKING:
    from alert_analytics.calibration.model import CalibratedModel


def explained(model: CalibratedModel) -> str:
    """Say where 0.85 stands, what it promises, how that is known, and what a later span said."""
    found = model.calibration
    what = model.fitted.detector.kind.replace("_", " ")
    head = f"{SCORE_CUT} stands at a raw score of {in_figures(found.scores.threshold, 6)} ({what}, {_learned(model)})."
    lines = [head, *(_promise(model) if found.promise else [f"It promises nothing: {too_few_words_of(found)}"])]
    lines.append(
        "Not looked at on a later span yet: model.certify(test)."
        if model.certificate is None
        else model.certificate.sentence
    )
    return "\n".join(lines)


def too_few_words_of(found: Calibration) -> str:
    """Say that a calibration's windows do not suffice."""
    return too_few_words(found.size, found.alpha, found.delta)


def _learned(model: CalibratedModel) -> str:
    learned = model.fitted.learned
    return f"trained on {counted(learned.n, 'window')} of {counted(len(learned.schema), 'feature')}"


def _promise(model: CalibratedModel) -> list[str]:
    found, size = model.calibration, model.calibration.size
    over = int(np.count_nonzero(found.raw >= found.scores.threshold))
    is_matrix = model.fitted.learned.recipe.get("kind") == "matrix"  # whose steps are row numbers
    between = "" if is_matrix else f" from {found.span[0]} to {found.span[1]}"
    lost = f", and {counted(found.n_unknown, 'window')} without any value left out" if found.n_unknown else ""
    dependent = (
        f"They resemble their neighbours for {size.tau:.1f} windows (by {seen_in(size)}), so they are worth "
        f"{size.n_eff:,.0f} independent ones."
        if size.tau > 1
        else "Nothing shows that they depend on each other."
    )
    near = model.manifest.band_share
    return [
        f"With {confidence(found.delta)} confidence, at most {found.alpha:.2%} of new windows that are normal and like "
        "those calibrated with reach it.",
        f"Calibrated with {counted(size.n, 'window')}{between}{lost}. {dependent}",
        f"The cut lies above the {_ordinal(found.rank)} largest of their scores; {over:,} of them "
        f"({over / size.n:.2%}) lie{'s' if over == 1 else ''} beyond it."
        + (f" {near:.2%} lie so near it that another runtime or batch may put them on its other side." if near else ""),
        "It promises nothing of windows unlike those (another season, a new service), nor that what it flags is a "
        "fault.",
    ]


def _ordinal(n: int) -> str:
    if n == 1:
        return "very"
    ending = "th" if n % 100 in {11, 12, 13} else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n:,}{ending}"
