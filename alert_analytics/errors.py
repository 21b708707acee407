"""What can go wrong, said so that the reader can act on it.

Every error of the library is an :class:`AlertAnalyticsError` and also the built-in exception it
resembles, so ``except ValueError`` keeps working in code that has never heard of us. A message says
where, what was found, what was expected, and ends in a hint.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_SHOWN = 6
_EXTRAS = {
    "altair": "viz",
    "mlflow": "ml",
    "onnx": "ml",
    "onnxruntime": "ml",
    "sklearn": "ml",
    "torch": "ml",
    "vl_convert": "viz",
    "xlsxwriter": "viz",
}


class AlertAnalyticsError(Exception):
    """Base of every error that the library raises on purpose.

    Parameters
    ----------
    message : str
        Where, what was found, and what was expected.
    hint : str, optional
        What the reader can do about it; printed after the message as ``Hint: ...``.
    """

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        self.message = message
        self.hint = hint
        super().__init__(message if hint is None else f"{message} Hint: {hint}")


def nearest(wrong: Iterable[str], known: Iterable[str]) -> str | None:
    """Ask whether other names were meant, those most like the wrong ones; None where no name is like them.

    Parameters
    ----------
    wrong : iterable of str
        Names that are not there.
    known : iterable of str
        Names that are.

    Returns
    -------
    str or None
        A question to begin a hint with.

    Examples
    --------
    >>> nearest(["Opend", "prio"], ["Opened", "Closed", "Priority"]), nearest(["xyz"], ["Opened"])
    ("did you mean 'Opened', 'Priority'?", None)
    """
    names = {name.lower(): name for name in known}
    found = [match for name in wrong for match in get_close_matches(name.lower(), names, n=1)]
    return f"did you mean {', '.join(repr(names[match]) for match in dict.fromkeys(found))}?" if found else None


class HistoryError(AlertAnalyticsError, ValueError):
    """The alert history, or a question put to it, makes no sense as given."""


class SourceError(AlertAnalyticsError, ValueError):
    """A file or payload cannot be read as what it was said to be."""


class SourceNotFoundError(SourceError, FileNotFoundError):
    """The file, folder or glob names nothing."""


class PullError(AlertAnalyticsError, ConnectionError):
    """A running system cannot be read: it is not there, refuses, or answers something else than its API says."""


class ConditionError(AlertAnalyticsError, ValueError):
    """A rule condition does not parse, or names something that is not there."""


class UnknownColumnError(HistoryError, KeyError):
    """A column or label that the history does not have."""

    def __str__(self) -> str:  # KeyError would print the repr of the message
        return str(self.args[0])


class NoSuchRowError(AlertAnalyticsError, IndexError):
    """A row that a table does not have."""


class StoreLockedError(AlertAnalyticsError, OSError):
    """Another process holds the store."""


class PrivacyError(AlertAnalyticsError, ValueError):
    """A person's identifier cannot be found or replaced as asked; the message never repeats it."""


class QueryError(AlertAnalyticsError, RuntimeError):
    """The database refused a query; names the ``.sql`` file and its parameters."""


class MissingDependencyError(AlertAnalyticsError, ImportError):
    """An optional package is needed for this and is not installed."""

    @classmethod
    def instead_of(cls, error: ModuleNotFoundError, what: str) -> MissingDependencyError | None:
        """Say what lacks an optional package, and how to get it; None where it is none of ours that is missing."""
        if error.name not in _EXTRAS:
            return None
        hint = f'pip install "alert-analytics[{_EXTRAS[error.name]}]"'
        return cls(f"{what} needs {error.name}, which is not installed.", hint=hint)


class SettingsError(AlertAnalyticsError, ValueError):
    """An environment variable, a file of settings, or a parameter of a detector holds a value that cannot be used."""


class WindowsError(AlertAnalyticsError, ValueError):
    """Windows, or a matrix in their place, cannot be made or used as given."""


class FeatureMismatchError(WindowsError):
    """The features handed to a model are not those that it was made for."""

    @classmethod
    def between(cls, expected: Sequence[str], found: Sequence[str], *, hint: str | None = None) -> FeatureMismatchError:
        """Say how the features found differ from those expected: which are missing, how many, or their order."""
        missing = [name for name in expected if name not in set(found)]
        if missing and len(found) == len(set(found)):
            more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
            said = f"the model's {', '.join(missing[:_SHOWN])}{more} {'is' if len(missing) == 1 else 'are'} missing"
        elif len(found) != len(expected):
            said = f"{len(found)} given, expected {len(expected)}"
        else:
            first = next(j for j, pair in enumerate(zip(expected, found, strict=True)) if pair[0] != pair[1])
            said = f"in another order: place {first} holds {found[first]}, expected {expected[first]}"
        return cls(f"Features: {said}.", hint=hint)


class CalibrationError(AlertAnalyticsError, ValueError):
    """A calibration cannot keep its promise, or a model without one is asked to leave."""


class BundleError(AlertAnalyticsError, ValueError):
    """A file or folder is no model bundle, or not a whole one."""


class RegistryError(AlertAnalyticsError, RuntimeError):
    """The model registry is not there, or does not have or take what it is asked for."""
