"""Whose rows are shown: those of five people and more; the others are put together, so that none can be told apart."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from alert_analytics.analytics.result import check_whole
from alert_analytics.errors import HistoryError

Ints = npt.NDArray[np.int64]

SUPPRESSED = "(suppressed)"
"""What a row is called that stands for several."""

SUPPRESS_BELOW = 5
"""Rows of fewer people are not shown by themselves unless asked."""

_PERSON = "assignee"


@dataclass(frozen=True)
class Pooling:
    """Which groups are put together.

    Attributes
    ----------
    is_pooled : numpy.ndarray of bool, shape (g,)
        Of each group, whether it is one of those.
    n_small : int
        How many of them have too few people; one more may be put to them.
    is_hidden : bool
        Whether even together they are too few to be shown.
    """

    is_pooled: npt.NDArray[np.bool_]
    n_small: int
    is_hidden: bool


def pool(group: Ints, people: Sequence[Ints], n_groups: int, below: int) -> Pooling:
    """Say which groups have to be put together so that no number tells of fewer than `below` people.

    Parameters
    ----------
    group : numpy.ndarray of int64, shape (n,)
        The group of each alert.
    people : sequence of numpy.ndarray of int64, shape (n,)
        Codes of whom each alert names, -1 for nobody; one array for each way to name people.
    n_groups : int
        How many groups there are.
    below : int
        Groups of fewer people are not shown by themselves.

    Returns
    -------
    Pooling
        Where a single group would be left, or all of them have too few people still, the smallest other one joins
        them: else a total less the rows shown would give them away (complementary suppression; Hundepool et al.,
        Statistical Disclosure Control, 2012, chapter 4). A group that names nobody tells nothing of anybody.
    """
    n = people_of(group, people, n_groups)
    small = (n > 0) & (n < below)
    chosen = small.copy()
    if not small.any():
        return Pooling(chosen, 0, False)
    if _together(group, people, chosen) < below:  # as a single one always is
        others = np.flatnonzero(n >= below)
        if others.size:
            chosen[others[np.argmin(n[others])]] = True
    return Pooling(chosen, int(small.sum()), _together(group, people, chosen) < below)


def people_of(group: Ints, people: Sequence[Ints], n_groups: int) -> Ints:
    """Count the different people of each group: of the ways to name them, by that which names fewest, but anybody."""
    found = np.zeros(n_groups, dtype=np.int64)
    for codes in people:
        named = codes >= 0
        width = max(int(codes.max(initial=-1)) + 1, 1)
        n = np.bincount(np.unique(group[named] * width + codes[named]) // width, minlength=n_groups)
        found = np.where((found == 0) | ((n > 0) & (n < found)), n, found).astype(np.int64)
    return found


def _together(group: Ints, people: Sequence[Ints], chosen: npt.NDArray[np.bool_]) -> int:
    which = chosen[group]
    return int(people_of(np.zeros(int(which.sum()), dtype=np.int64), [codes[which] for codes in people], 1)[0])


def check_suppress_below(value: object) -> None:
    """Refuse what is no number of people.

    Raises
    ------
    HistoryError
        It is not a whole number, or less than 1.
    """
    check_whole("suppress_below", value, "people", "suppress_below=1 shows everyone by themselves.")


def check_persons(names: Collection[str], suppress_below: int) -> None:
    """Refuse rows of single persons that nobody asked for: every one of them would have to be put together.

    Parameters
    ----------
    names : collection of str
        Columns or labels that rows are told apart by.
    suppress_below : int
        As the analysis was given it.

    Raises
    ------
    HistoryError
        ``assignee`` is among them, and `suppress_below` is more than 1, or no number of people.
    """
    check_suppress_below(suppress_below)
    if _PERSON in names and suppress_below > 1:
        raise HistoryError(
            f"{_PERSON} makes a row of each person, and groups of fewer than {suppress_below} people are not shown "
            "unless asked.",
            hint="ask by another column, such as team; suppress_below=1 shows everyone by themselves.",
        )
