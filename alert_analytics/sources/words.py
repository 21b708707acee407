"""A vendor's words in ours: severities by a table that the user may change, and values as text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from alert_analytics.errors import SourceError
from alert_analytics.history.schema import SEVERITIES


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
