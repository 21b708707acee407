"""What an analysis offers to be compared: its numbers, each with its interval."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Metric:
    """One number of one row of an answer.

    Attributes
    ----------
    key : tuple of str or None
        Which row: its values of the columns of ``by``.
    name : str
        Such as ``alerts_per_day``; equal names of equal keys are compared.
    unit : str
        Such as ``1/day``, ``s`` or ``share``.
    value, low, high : float or None
        With its 95 % interval; None where not known.
    is_ratio : bool
        Whether a change is told as after over before (numbers that are positive), or as after less before.
    degrees : float
        Of freedom behind the interval; infinite where it is a normal one.
    note : str or None
        Why a number is missing.
    """

    key: tuple[str | None, ...]
    name: str
    unit: str
    value: float | None
    low: float | None = None
    high: float | None = None
    is_ratio: bool = False
    degrees: float = float("inf")
    note: str | None = None


def metric_in_words(name: str) -> str:
    """Write the name of a number as a sentence has it: without its unit, and what is an abbreviation as such.

    Parameters
    ----------
    name : str
        Such as ``mtta_s of the first 7 d`` or ``alerts_per_day``.

    Returns
    -------
    str
        ``MTTA of the first 7 d``, ``alerts per day``.
    """
    plain = re.sub(r"_s\b", "", name).replace("_", " ")
    return re.sub(r"\bmt[a-z]{2}\b", lambda found: found[0].upper(), plain)
