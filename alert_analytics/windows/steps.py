"""How far apart the rows of a series usually are, and which of them make a window without a gap."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from alert_analytics.errors import WindowsError
from alert_analytics.tables import counted

Ints = npt.NDArray[np.int64]


def checked_length(length: object, unit: str) -> int:
    """Take a window's length as a plain number; `unit` says what it counts.

    Raises
    ------
    WindowsError
        It is no whole number, or less than 1.
    """
    if isinstance(length, bool) or not isinstance(length, (int, np.integer)) or length < 1:
        raise WindowsError(
            f"length={length!r}; expected a whole number of {unit}, at least 1.",
            hint=f"length=1: windows of one {unit[:-1]}.",
        )
    return int(length)


def usual_step(codes: Ints, times: Ints) -> int:
    """Find the median difference between consecutive rows of an entity, the lower of two; 1 where no entity has two.

    Parameters
    ----------
    codes, times : numpy.ndarray of int64, shape (n,)
        Whose row it is, and when, in order of both.

    Returns
    -------
    int
        In the unit of `times`.
    """
    differences = np.sort(np.diff(times)[codes[1:] == codes[:-1]])
    return int(differences[(differences.size - 1) // 2]) if differences.size else 1


def window_starts(codes: Ints, times: Ints, step: int, length: int) -> tuple[Ints, int]:
    """Find the first row of each window without a gap, and how many windows of one entity have one.

    Two rows follow each other where they are a step apart, give or take a tenth of it: a step below 10 has no tenth.
    """
    n = max(0, codes.size - length + 1)
    apart = np.abs(np.diff(times) - step) > step // 10
    broken = np.concatenate([[0], np.cumsum((codes[1:] != codes[:-1]) | apart)])
    last = slice(length - 1, None)
    whole = broken[last] == broken[:n]
    return np.flatnonzero(whole), int(np.count_nonzero(codes[last] == codes[:n]) - np.count_nonzero(whole))


def refuse_other_steps(
    entities: Sequence[str], codes: Ints, times: Ints, starts: Ints, step: int, length: int, *, is_step: bool
) -> None:
    """Refuse an entity that would vanish because its rows lie at another step than those of the others.

    Raises
    ------
    WindowsError
        It has rows enough for a window, and makes none.
    """
    n_rows = np.bincount(codes, minlength=len(entities))
    n_windows = np.bincount(codes[starts], minlength=len(entities))
    for code in np.flatnonzero((n_rows >= max(2, length)) & (n_windows == 0)).tolist():
        mine = codes == code
        own = usual_step(codes[mine], times[mine])
        if abs(own - step) > step // 10:
            raise WindowsError(
                f"The rows of {entities[code]!r} are usually {spelled(own, is_step=is_step)} apart, those of all "
                f"entities {spelled(step, is_step=is_step)}: it has {counted(int(n_rows[code]), 'row')} and not one "
                f"window of length={length}.",
                hint=f"make its windows by themselves, of a frame that holds {entities[code]!r} alone, and those of "
                "the others without it.",
            )


def refuse_none(length: int, n_left_out: int, codes: Ints, step: int, *, is_step: bool) -> None:
    """Say why there is no window at all.

    Raises
    ------
    WindowsError
        Always.
    """
    longest = int(np.bincount(codes).max(initial=0))
    if not n_left_out:
        why = f"the longest series has {counted(longest, 'row')}"
        raise WindowsError(f"No window of length={length}: {why}.", hint="choose a smaller length=.")
    raise WindowsError(
        f"No window of length={length}: all {n_left_out:,} span a gap.",
        hint=f"rows usually follow each other after {spelled(step, is_step=is_step)}, but never {length} in a row; "
        "choose a smaller length=, or bring them to one step.",
    )


def spelled(step: int, *, is_step: bool) -> str:
    """Write a number of steps, or microseconds as seconds."""
    return counted(step, "step") if is_step else f"{step / 1e6:g} s"
