"""Fingerprints that are computed of an alert's labels: whoever knows the labels can make them. No input or output."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

_OFFSET, _PRIME, _MASK = 0xCBF29CE484222325, 0x100000001B3, 0xFFFFFFFFFFFFFFFF


def fingerprint_of(labels: Mapping[str, str]) -> str:
    """Compute the fingerprint that Prometheus and Alertmanager give an alert.

    Parameters
    ----------
    labels : mapping of str to str
        All labels of the alert, the name of its rule (``alertname``) among them.

    Returns
    -------
    str
        Sixteen hexadecimal digits.

    Notes
    -----
    FNV-1a with 64 bits over the labels in order of their names: each name, the byte 0xFF, its value, the byte 0xFF.

    Examples
    --------
    >>> fingerprint_of({})
    'cbf29ce484222325'
    """
    found = _OFFSET
    for name in sorted(labels):
        for byte in b"%b\xff%b\xff" % (name.encode(), labels[name].encode()):
            found = ((found ^ byte) * _PRIME) & _MASK
    return f"{found:016x}"


def made_anew(told: Iterable[tuple[str, Mapping[str, str], Mapping[str, str]]]) -> dict[str, str]:
    """Say what becomes of fingerprints when labels get other values.

    Parameters
    ----------
    told : iterable of (str, mapping, mapping)
        A fingerprint, the labels that it came with, and those that take their place.

    Returns
    -------
    dict of str to str
        To each fingerprint that was computed of its labels, the one of the new labels. Others say nothing of them.
    """
    return {old: fingerprint_of(after) for old, before, after in told if old == fingerprint_of(before)}


def with_fingerprints_anew(original: str, text: str, renamed: Callable[[Any], Any]) -> str:
    """Put new fingerprints into a JSON text in which labels were renamed.

    Parameters
    ----------
    original : str
        The text as it was; where it is no JSON, nothing is done.
    text : str
        The text with other labels.
    renamed : callable
        Gives the labels that stand in the place of some.
    """
    for labels in _label_sets(original):
        try:
            text = text.replace(fingerprint_of(labels), fingerprint_of(renamed(labels)))
        except UnicodeEncodeError:  # half a character, which JSON can hold: nobody computed a fingerprint of it
            continue
    return text


def _label_sets(text: str) -> Iterator[dict[str, str]]:
    try:
        waiting = [json.loads(text)]
    except (ValueError, RecursionError):
        return
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            labels = value.get("labels")
            if isinstance(labels, dict) and all(isinstance(one, str) for one in labels.values()):
                yield labels
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
