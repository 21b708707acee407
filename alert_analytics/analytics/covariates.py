"""What a hazard may depend on: the levels of columns and labels, and numbers, as columns of a regression."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from alert_analytics.analytics.clocks import Observed
from alert_analytics.analytics.durations import Bools, Floats, Ints
from alert_analytics.errors import HistoryError

NONE, OTHERS = "(none)", "(others)"
MOST_LEVELS = 30
KNOWN_LATE = frozenset(
    {"assignee", "escalations", "notifications", "occurrences", "reassignments", "reopens", "resolution", "status"}
)
"""What an alert knows only as it goes on: a long time brings it about as much as the other way round."""


@dataclass(frozen=True)
class Term:
    """One coefficient's place: a level of a covariate, a number (level None), or the level that others are held to.

    Attributes
    ----------
    covariate : str
        Its column or label.
    level : str or None
        None for a number.
    members : tuple of str or None
        The values that are this level.
    n_alerts, n_ended : int
        Alerts of it.
    is_reference : bool
        Whether the others are held to it.
    """

    covariate: str
    level: str | None
    members: tuple[str | None, ...]
    n_alerts: int
    n_ended: int
    is_reference: bool = False


@dataclass(frozen=True, eq=False)
class Design:
    """The covariates of every pattern.

    Attributes
    ----------
    terms : list of Term
        References and levels without an end included.
    column : list of int
        Of each term, its column of `x`; -1 where it has none.
    x : numpy.ndarray of float64, shape (P, p)
        Levels as 0 and 1; numbers centred and divided by their `scale`.
    scale : numpy.ndarray of float64, shape (p,)
        By which coefficients are to be divided.
    usable : numpy.ndarray of bool, shape (P,)
        Patterns whose alerts can say something: all numbers known, no level without an end.
    n_unknown : int
        Alerts left out for a number that is none.
    """

    terms: list[Term]
    column: list[int]
    x: Floats = field(repr=False)
    scale: Floats = field(repr=False)
    usable: Bools = field(repr=False)
    n_unknown: int = 0


def designed(
    seen: Observed, names: Sequence[str], at: int, numbers: Sequence[str], reference: Mapping[str, str]
) -> Design:
    """Make the columns of a regression.

    Parameters
    ----------
    seen : Observed
        By the strata, then the covariates.
    names : sequence of str
        The covariates.
    at : int
        Where in the keys they begin.
    numbers : sequence of str
        Those of them that are numbers.
    reference : mapping of str to str
        The level that others are held to; by default the one with the most alerts among those that have an end.

    Returns
    -------
    Design
        Columns in the order of `names`, levels by how many alerts they have.

    Raises
    ------
    HistoryError
        A reference is no level.
    """
    n_patterns = len(seen.keys)
    values: dict[str, list[str | None]] = {name: [key[at + i] for key in seen.keys] for i, name in enumerate(names)}
    alerts = np.bincount(seen.code, minlength=n_patterns)
    read = {name: np.array([_number(value) for value in values[name]]) for name in names if name in numbers}
    usable = np.ones(n_patterns, dtype=bool)
    for parsed in read.values():
        usable &= ~np.isnan(parsed)
    n_unknown = int(alerts[~usable].sum())
    levels = {name: _levels(values[name], alerts * usable) for name in names if name not in read}
    # A level without an end goes, and with it perhaps the last end of another.
    while True:
        ended = np.bincount(seen.code[seen.ended], minlength=n_patterns) * usable
        lacking = [
            codes == code
            for codes, listed in levels.values()
            for code in range(len(listed))
            if not ended[codes == code].sum()
        ]
        still = usable & ~np.any(lacking, axis=0) if lacking else usable
        if not still.any() or (still == usable).all():
            break
        usable = still
    terms: list[Term] = []
    column: list[int] = []
    x: list[Floats] = []
    scale: list[float] = []
    for name in names:
        if name in read:
            mine, factor = _standardised(np.where(np.isnan(read[name]), 0.0, read[name]), alerts * usable)
            terms.append(Term(name, None, (), int((alerts * usable).sum()), int(ended.sum())))
            column.append(len(x))
            x.append(mine)
            scale.append(factor)
            continue
        codes, listed = levels[name]
        found = [_term(name, values[name], codes, code, listed, alerts, seen) for code in range(len(listed))]
        told = [int(ended[usable & (codes == code)].sum()) for code in range(len(listed))]
        base = _reference(name, found, told, reference)
        for code, term in enumerate(found):
            terms.append(Term(**{**term.__dict__, "is_reference": code == base}))
            has_column = code != base and bool(usable[codes == code].any())
            column.append(len(x) if has_column else -1)
            if has_column:
                x.append((codes == code).astype(np.float64))
                scale.append(1.0)
    matrix = np.array(x).T if x else np.zeros((n_patterns, 0))
    return Design(terms, column, np.ascontiguousarray(matrix), np.array(scale), usable, n_unknown)


def _levels(values: Sequence[str | None], alerts: Ints) -> tuple[Ints, list[str]]:
    """The level of each pattern, and the levels by their alerts; the rarest beyond the most are one."""
    taken = {value for value in values if value is not None}
    named = np.array([_unlike(NONE, taken) if value is None else value for value in values], dtype=object)
    listed, codes = np.unique(named, return_inverse=True) if named.size else (named, np.zeros(0, dtype=np.int64))
    order = np.argsort(-np.bincount(codes, weights=alerts, minlength=listed.size), kind="stable")
    place = np.empty(order.size, dtype=np.int64)
    place[order] = np.arange(order.size)
    names = [str(listed[i]) for i in order]
    if len(names) <= MOST_LEVELS:
        return place[codes], names
    return np.minimum(place[codes], MOST_LEVELS - 1), [
        *names[: MOST_LEVELS - 1],
        _unlike(OTHERS, {*names}),
    ]


def _unlike(name: str, taken: set[str]) -> str:
    """A name that no value has, in as many brackets as it takes."""
    while name in taken:
        name = f"({name})"
    return name


def _term(
    name: str, values: Sequence[str | None], codes: Ints, code: int, listed: Sequence[str], alerts: Ints, seen: Observed
) -> Term:
    mine = np.flatnonzero(codes == code)
    members = tuple(dict.fromkeys(values[int(i)] for i in mine))
    ended = int(np.isin(seen.code[seen.ended], mine).sum())
    return Term(name, listed[code], members, int(alerts[mine].sum()), ended)


def _reference(name: str, found: Sequence[Term], told: Sequence[int], reference: Mapping[str, str]) -> int:
    """The level that the others are held to: one of which ends are told, or there is nothing to hold them to."""
    if name in reference:
        for code, term in enumerate(found):
            if term.level != reference[name]:
                continue
            if not told[code] and any(told):
                raise HistoryError(
                    f"reference={{{name!r}: {reference[name]!r}}}: none of its alerts ended with all covariates known.",
                    hint="take a level that has ends, or leave reference= out.",
                )
            return code
        shown = ", ".join(repr(term.level) for term in found[:8])
        raise HistoryError(
            f"reference={{{name!r}: {reference[name]!r}}}: no such level; there are {shown or 'none'}.",
            hint="levels are case-sensitive text.",
        )
    return next((code for code, n in enumerate(told) if n), 0)


def _number(value: str | None) -> float:
    try:
        number = float("nan" if value is None else value)
    except ValueError:
        return float("nan")
    return number if np.isfinite(number) else float("nan")


def _standardised(values: Floats, alerts: Ints) -> tuple[Floats, float]:
    """Centre and scale, so that the regression is as well conditioned whatever the unit."""
    total = max(int(alerts.sum()), 1)
    centred = values - float(values @ alerts) / total
    size = float(np.sqrt(centred**2 @ alerts / total)) or 1.0
    return centred / size, size
