"""A vendor's words in ours: severities by a table that the user may change, values as text, and times."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AwareDatetime, BeforeValidator

from alert_analytics.errors import SourceError
from alert_analytics.history.schema import SEVERITIES

_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d", re.ASCII)


def _written(given: Any) -> Any:
    """A time as it is written; pydantic would take a number, or a text of digits, for seconds since 1970."""
    if not isinstance(given, str) or not _TIME.match(given):
        raise ValueError("expected a time such as 2026-03-02T10:00:00Z")
    if given < "1970":
        raise ValueError("a time before 1970 is none")
    return given


Moment = Annotated[AwareDatetime, BeforeValidator(_written)]
"""A time in a payload: ISO 8601 with an offset, from 1970 on."""


def severities_of(source: str, usual: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """Lay the user's words for severities over the usual ones.

    Parameters
    ----------
    source : str
        What the source is called in an error.
    usual, given : mapping of str to str
        A vendor's words to info, low, medium, high or critical.

    Returns
    -------
    dict of str to str
        By the vendor's word in small letters.

    Raises
    ------
    SourceError
        A word is mapped to one that is none of ours.
    """
    theirs = {word.strip().lower(): ours for word, ours in given.items()}
    strange = sorted(set(theirs.values()) - set(SEVERITIES))
    if strange:
        raise SourceError(f"{source} maps severities to {strange}; expected {', '.join(SEVERITIES)}.")
    return {**usual, **theirs}


def worded(words: Mapping[str, str], word: str | None) -> str | None:
    """Translate a word; an unknown one stays, so that the store can set its event aside.

    Examples
    --------
    >>> worded({"p1": "critical"}, " P1 "), worded({"p1": "critical"}, "SEV-9"), worded({}, "")
    ('critical', 'SEV-9', None)
    """
    return words.get(word.strip().lower(), word) if word else None


def as_text(value: Any) -> str:
    """A JSON value as the text of a label: a text is itself, all else is written as JSON.

    Examples
    --------
    >>> as_text("db"), as_text(3), as_text(True), as_text(["a"])
    ('db', '3', 'true', '["a"]')
    """
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
