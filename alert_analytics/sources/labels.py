"""What the labels of Prometheus and its relatives say: identity, severity, service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

SEVERITIES = {
    "critical": "critical",
    "page": "critical",
    "error": "high",
    "high": "high",
    "warning": "medium",
    "medium": "medium",
    "low": "low",
    "info": "info",
    "none": "info",
}
"""Usual words of the label ``severity``, to ours."""

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


def first_of(labels: Mapping[str, str], names: Sequence[str]) -> str | None:
    """The value of the first of these labels that is there and not empty."""
    return next((labels[name] for name in names if labels.get(name)), None)


def severity_of(labels: Mapping[str, str], name: str, words: Mapping[str, str]) -> str | None:
    """What the severity label says in our words; an unknown word as it is, for the judge to refuse."""
    word = labels.get(name)
    return words.get(word.strip().lower(), word) if word else None
