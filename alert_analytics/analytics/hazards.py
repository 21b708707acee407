"""What makes alerts resolve faster or slower, each thing beside the others? Hazard ratios, and whether they hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from alert_analytics.analytics.clocks import Clock, Observed, left_out_in_words, observe
from alert_analytics.analytics.covariates import KNOWN_LATE, Design, Term, designed
from alert_analytics.analytics.durations import Floats, renumbered
from alert_analytics.analytics.estimates import known
from alert_analytics.analytics.result import Result, as_list
from alert_analytics.analytics.risk_sets import RiskSets
from alert_analytics.errors import HistoryError
from alert_analytics.history import AlertHistory
from alert_analytics.stats.clusters import critical_value, two_sided
from alert_analytics.stats.cox import (
    independent,
    maximised,
    proportional_plain,
    proportional_robust,
    robust_variance,
)
from alert_analytics.stats.multiple import benjamini_hochberg
from alert_analytics.tables import in_figures

if TYPE_CHECKING:
    from alert_analytics.analytics.times_asked import TimesAsked

_FAR = 15.0
_NUMBERS = (
    *("hazard_ratio", "hazard_ratio_low", "hazard_ratio_high", "coefficient", "std_error"),
    *("p_value", "q_value", "p_proportional", "q_proportional"),
)


@dataclass(frozen=True, eq=False, repr=False)
class HazardRatios(Result):
    """How much faster alerts of one kind get there than others; from :meth:`ResolutionAnalysis.cox`.

    A ratio of 2: of the alerts open at any moment, twice as many are resolved in the next; the others being equal.

    Attributes
    ----------
    table : pyarrow.Table
        A row per level: ``covariate``, ``level`` (null for a number, whose ratio is per unit), ``n_alerts``,
        ``n_resolved``; ``hazard_ratio`` (1 for the level that others are held to) with ``hazard_ratio_low`` and
        ``hazard_ratio_high``; ``coefficient`` (its logarithm), ``std_error`` (by clusters), ``p_value``, ``q_value``
        (Benjamini-Hochberg over the rows); ``p_proportional``, ``q_proportional``: small where the ratio is not the
        same early and late; ``note``.
    """

    by: tuple[str, ...] = ()
    level: float = 0.95
    clock: Clock = field(default=Clock())
    terms: tuple[Term, ...] = field(default=())
    clusters: str = ""

    @property
    def sentence(self) -> str:
        """The clearest ratio, how many are clear, and where the assumption fails, in words."""
        rows, gone = self.table.to_pylist(), _gone(self.settings)
        known_rows = [row for row in rows if row["p_value"] is not None]
        if not known_rows:
            return f"Nothing can be said of what makes alerts {self.clock.done} faster: {_why_none(rows)}.{gone}"
        clear = [row for row in known_rows if row["q_value"] < 0.05]
        best = min(known_rows, key=lambda row: row["p_value"])
        if len(known_rows) == 1:
            counts = f"it {'differs' if clear else 'is not told'} from 1 at q < 0.05"
        else:
            counts = f"{len(clear):,} of {len(known_rows):,} ratios differ from 1 at q < 0.05"
        bent = [_name(row) for row in known_rows if row["q_proportional"] is not None and row["q_proportional"] < 0.05]
        shape = (
            f"Not the same early and late (Schoenfeld's test), so an average over the times seen: {_listed(bent)}."
            if bent
            else "No ratio is seen to change as alerts grow old (Schoenfeld's test)."
        )
        late = sorted({row["covariate"] for row in rows} & KNOWN_LATE)
        warned = f" Known only as an alert goes on, so no cause of its time: {', '.join(late)}." if late else ""
        clusters = f"Intervals ({self.level:.0%}) by cluster: {self.clusters}."
        return f"{self._said(best)}; {counts}. {shape}{warned} {clusters}{gone}"

    def _said(self, row: dict[str, Any]) -> str:
        ratio = f"{in_figures(row['hazard_ratio'])} times"
        between = f"({in_figures(row['hazard_ratio_low'])} to {in_figures(row['hazard_ratio_high'])})"
        if row["level"] is None:
            return f"Per unit of {row['covariate']}, alerts are {self.clock.done} at {ratio} the rate {between}"
        base = next(t.level for t in self.terms if t.covariate == row["covariate"] and t.is_reference)
        return f"Alerts with {_name(row)} are {self.clock.done} at {ratio} the rate of {base} {between}"

    def alerts(self, row: int = 0) -> AlertHistory:
        """The alerts of the level in `row`; all for a number."""
        self._row(row)
        term = self.terms[row]
        return self.history.where({term.covariate: list(term.members)}) if term.members else self.history


def hazard_ratios(
    analysis: TimesAsked,
    covariates: str | Sequence[str],
    numbers: str | Sequence[str] | None,
    reference: Mapping[str, str] | None,
) -> HazardRatios:
    """Regress, as :meth:`ResolutionAnalysis.cox` describes it.

    Raises
    ------
    HistoryError
        No covariate is named, one stands in ``by`` too, or a reference or number names none of them.
    UnknownColumnError
        One names no column or label.
    """
    wanted = as_list(numbers)
    names = tuple(dict.fromkeys((*as_list(covariates), *wanted)))
    if reference is not None and not isinstance(reference, Mapping):
        raise HistoryError(f"reference={reference!r}; expected a mapping.", hint="reference={'severity': 'low'}")
    given = dict(reference or {})
    if wrong := [level for level in given.values() if not isinstance(level, str)]:
        raise HistoryError(f"reference has {wrong[0]!r}; expected levels.", hint="reference={'severity': 'low'}")
    if not names:
        raise HistoryError("cox() needs a covariate; found none.", hint="covariates=['severity', 'service']")
    if both := set(names) & set(analysis.by):
        raise HistoryError(
            f"{sorted(both)} cannot be a covariate: each group by it has a baseline of its own already.",
            hint="ask from_alerts(history) without it in by=.",
        )
    if strange := set(given) - (set(names) - set(wanted)):
        raise HistoryError(
            f"reference names {sorted(map(str, strange))}, which are no covariates with levels ({list(names)})."
        )
    seen = observe(analysis.history, (*analysis.by, *names), analysis.clock)
    design = designed(seen, names, len(analysis.by), wanted, given)
    table = _laid_out(design, _answers(seen, design, len(analysis.by), analysis))
    left_out = dict(seen.left_out)
    if design.n_unknown:
        left_out["a covariate is no number"] = design.n_unknown
    settings = {
        **analysis.settings, "covariates": list(names), "numbers": list(wanted), "reference": given,
        "left_out": left_out,
    }  # fmt: skip
    return HazardRatios(
        table, analysis.history, settings, seen.answer.sql, analysis.by, analysis.level, analysis.clock,
        tuple(design.terms), seen.clusters,
    )  # fmt: skip


def _answers(seen: Observed, design: Design, at: int, analysis: TimesAsked) -> dict[str, Floats]:
    """The numbers of each column of the design; NaN where there are none."""
    p = design.x.shape[1]
    found = {name: np.full(p, np.nan) for name in (*_NUMBERS, "n_clusters", "is_alias", "is_far")}
    rows = np.flatnonzero(design.usable[seen.code])
    if not p or not seen.ended[rows].any():
        return found
    sets = _sorted(seen, rows, design.x, at)
    kept = independent(sets.sums(np.zeros(p))[2])
    found["is_alias"] = (~kept).astype(np.float64)
    if not kept.any():
        return found
    sets = RiskSets(
        sets.stratum, sets.pattern, sets.cluster, sets.time_s, sets.entry_s, sets.ended,
        np.ascontiguousarray(design.x[:, kept]),
    )  # fmt: skip
    fit = maximised(sets.sums, int(kept.sum()))
    beta = fit.beta / design.scale[kept]
    moving, ones = sets.transform, np.ones(sets.n_times)
    sums, moved_sums = sets.residual_sums(fit.beta, [ones, moving])
    weight = sets.spread()
    variance, n_clusters = robust_variance(sums, fit.information, weight)
    error = np.sqrt(variance) / design.scale[kept]
    _, moved, cross = sets.sums(fit.beta, moving)
    if analysis.clock.cluster is None:
        bent = proportional_plain(moved, fit.information, np.repeat(moving, sets.n_ends))
    else:
        bent = proportional_robust(moved, moved_sums, sums, cross, fit.information, weight)
    far = (np.abs(fit.beta) > _FAR) | (not fit.converged)
    t = np.array([critical_value(analysis.level, n) for n in n_clusters])
    answers = {
        "coefficient": beta,
        "std_error": error,
        "hazard_ratio": np.exp(np.minimum(beta, 700)),
        "hazard_ratio_low": np.exp(np.clip(beta - t * error, -700, 700)),
        "hazard_ratio_high": np.exp(np.clip(beta + t * error, -700, 700)),
        "p_value": _p_values(beta, error, n_clusters),
        "p_proportional": bent,
        "n_clusters": n_clusters,
    }
    for name, values in answers.items():
        found[name][kept] = np.where(far, np.nan, values)
    found["is_far"][kept] = far
    found["q_value"] = benjamini_hochberg(found["p_value"])
    found["q_proportional"] = benjamini_hochberg(found["p_proportional"])
    return found


def _p_values(beta: Floats, error: Floats, n_clusters: Floats) -> Floats:
    ratio = np.divide(np.abs(beta), error, out=np.full(beta.size, np.nan), where=error > 0)
    return two_sided(ratio, n_clusters - 1)


def _sorted(seen: Observed, rows: NDArray[np.int64], x: Floats, at: int) -> RiskSets:
    """The usable alerts by stratum (the group of ``by``) and time."""
    groups = {key: code for code, key in enumerate(dict.fromkeys(key[:at] for key in seen.keys))}
    of_pattern = np.array([groups[key[:at]] for key in seen.keys], dtype=np.int64)
    stratum = renumbered(of_pattern[seen.code[rows]])
    order = np.lexsort((seen.duration_s[rows], stratum))
    rows = rows[order]
    return RiskSets(
        stratum[order], seen.code[rows], renumbered(seen.cluster[rows]), seen.duration_s[rows], seen.entry_s[rows],
        seen.ended[rows], x,
    )  # fmt: skip


def _laid_out(design: Design, answers: dict[str, Floats]) -> pa.Table:
    nan = float("nan")
    rows: list[dict[str, float]] = []
    notes = []
    for term, column in zip(design.terms, design.column, strict=True):
        numbers = {name: float(answers[name][column]) if column >= 0 else nan for name in answers}
        if term.is_reference:
            numbers["hazard_ratio"], numbers["coefficient"] = 1.0, 0.0
        rows.append(numbers)
        notes.append(_note(term, column, numbers))
    terms = design.terms
    return pa.table(
        {
            "covariate": pa.array([term.covariate for term in terms], pa.string()),
            "level": pa.array([term.level for term in terms], pa.string()),
            "n_alerts": pa.array([term.n_alerts for term in terms], pa.int64()),
            "n_resolved": pa.array([term.n_ended for term in terms], pa.int64()),
            **{name: known(row[name] for row in rows) for name in _NUMBERS},
            "note": pa.array(notes, pa.string()),
        }
    )


def _note(term: Term, column: int, numbers: dict[str, float]) -> str | None:
    reasons = []
    if term.is_reference:
        reasons.append("the others are held to it")
    elif not term.n_ended:
        reasons.append("none got there, so there is no ratio; its alerts are left out")
    elif column < 0:
        reasons.append("left out with alerts of which nothing can be said")
    elif numbers["is_alias"] == 1:
        reasons.append("no ratio of its own: it goes with the levels above")
    elif numbers["is_far"] == 1:
        reasons.append("no finite ratio: all of one kind were gone before the others")
    elif np.isnan(numbers["p_value"]):
        reasons.append("no interval: all alerts are of one cluster")
    if term.level is None:
        reasons.append("per unit")
    if numbers["q_proportional"] < 0.05:
        reasons.append("not the same early and late: an average")
    if term.covariate in KNOWN_LATE:
        reasons.append("known only as an alert goes on")
    return "; ".join(reasons) or None


def _name(row: dict[str, Any]) -> str:
    return f"{row['covariate']} {row['level'] if row['level'] is not None else ''}".strip()


def _listed(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5:,} more" if len(names) > 5 else "")


def _why_none(rows: list[dict[str, Any]]) -> str:
    if not rows:
        return "there is no alert"
    if not any(row["n_resolved"] for row in rows):
        return "none got there"
    if all(row["level"] is not None for row in rows) and len({row["covariate"] for row in rows}) == len(rows):
        return "all alerts are alike in what was asked about"
    return "; ".join(dict.fromkeys(row["note"] for row in rows if row["note"]))


def _gone(settings: Mapping[str, object]) -> str:
    left_out = settings["left_out"]
    return left_out_in_words(left_out) if isinstance(left_out, dict) else ""
