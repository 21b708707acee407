"""The words of others: what exports call the canonical columns, and what they call the severities."""

from __future__ import annotations

import re
from collections.abc import Iterable

# Without "at", "time", "on", "date": `opened_at`, `Open Time` and `openDate` share the stem `open(ed)`. Best first.
TIME_STEMS: dict[str, tuple[str, ...]] = {
    "fired_at": (
        "fired", "fire", "firing", "triggered", "trigger", "started", "starts", "start", "opened", "open", "raised",
        "raise", "began", "begin", "onset", "first occurrence", "first seen", "activated", "occurred", "occurrence",
        "detected", "detection", "reported", "report", "created", "create", "creation", "alert", "alarm", "problem",
        "incident", "event", "log", "from", "",
    ),
    "acknowledged_at": (
        "acknowledged", "acknowledge", "acknowledgement", "acknowledgment", "acked", "ack", "first response",
        "responded", "response", "first notification", "accepted",
    ),
    "resolved_at": (
        "resolved", "resolve", "resolution", "recovered", "recovery", "restored", "restore", "cleared", "clear",
        "clearance", "ended", "ends", "end", "finished", "finish", "fixed", "solved", "stopped", "stop", "closed",
        "close", "closure", "completed", "until", "to",
    ),
}  # fmt: skip

COLUMN_NAMES: dict[str, tuple[str, ...]] = {
    "severity": ("severity", "sev", "severity level", "perceived severity", "priority", "prio", "criticality", "level",
                 "alert level", "impact", "urgency"),
    "fingerprint": ("fingerprint", "dedup key", "dedupe key", "dedup id", "alert key", "alert hash", "incident id",
                    "incident number", "alert id", "alarm id", "ticket id", "ticket number", "case id", "case number",
                    "event id", "problem id", "issue key", "number", "ticket", "incident", "case", "key", "uuid",
                    "guid", "id"),
    "tenant_id": ("tenant id", "tenant"),
    "service": ("service name", "service", "business service", "application name", "application", "app name", "app",
                "component", "microservice", "product", "system", "service id", "hostname", "host name", "host",
                "server", "node", "device name", "device", "device id", "instance", "cmdb ci", "ci name", "ci",
                "configuration item", "affected ci", "cluster", "namespace", "entity", "resource"),
    "rule": ("alertname", "alert name", "rule name", "rule", "alert rule", "policy", "check name", "check",
             "monitor name", "monitor", "trigger name", "trigger", "alarm name", "alarm type", "alert type",
             "event type", "problem", "condition", "signature", "error code", "alarm id", "alert id", "category",
             "type", "kind", "issue type", "symptom", "metric name", "metric", "name", "title", "summary"),
    "team": ("team", "team name", "assignment group", "assigned group", "assigned team", "owner group",
             "owning team", "support group", "responder team", "group", "squad", "department", "queue"),
    "assignee": ("assignee", "assigned to", "owner", "responder"),
    "message": ("message", "short description", "description", "summary", "title", "subject", "external desc", "desc",
                "text", "details", "annotation"),
    "value": ("value", "metric value", "measured value", "reading", "measurement"),
    "occurrences": ("occurrences", "occurrence count", "tally", "repeat count"),
    "escalations": ("escalations", "escalation count"),
    "reassignments": ("reassignments", "reassignment count"),
    "reopens": ("reopens", "reopen count"),
    "notifications": ("notifications", "notification count"),
}  # fmt: skip
"""By canonical column, best first, as :func:`plain` writes names."""

PERSON = {"by", "caller", "user", "person", "employee", "email", "mail", "contact", "requester", "phone", "owner"}
"""Words in the name of a column that may name persons."""

PLACE = {"site", "location", "region", "zone", "country", "city", "building", "floor", "datacenter", "center", "host",
         "server", "node", "environment", "env", "tenant", "customer", "team", "group"}  # fmt: skip
"""Words in the name of a column that says where or whose, not how grave."""

_NUMBER_OF = re.compile(r".+ (no|nr|num|number|nummer|numero|id|key|ref|reference)|\S+(number|nummer)")
_OTHER_NUMBERS = {"row", "line", "serial", "account", "version"}
_ANY_COUNT = re.compile(r"\d+|s[ _-]*\d+", re.IGNORECASE)

# Ours to begin with; then syslog, ITIL, X.733, Zabbix, log levels and cloud vendors.
_SEVERITIES = {
    "critical": ("critical", "crit", "emergency", "emerg", "fatal", "blocker", "panic", "disaster", "page", "outage"),
    "high": ("high", "major", "error", "err", "severe", "serious", "urgent"),
    "medium": ("medium", "moderate", "average", "warning", "warn", "normal", "degraded", "disruption"),
    "low": ("low", "minor", "trivial"),
    "info": ("info", "information", "informational", "notice", "debug", "planning", "none", "indeterminate", "ok",
             "not classified", "cleared"),
}  # fmt: skip
_WORDS = {word: severity for severity, words in _SEVERITIES.items() for word in words}
_BY_NUMBER = {1: "critical", 2: "high", 3: "medium", 4: "low", 5: "info"}
_SYSLOG = {0: "critical", 1: "critical", 2: "critical", 3: "high", 4: "medium", 5: "low", 6: "info", 7: "info"}
_NUMBERED = re.compile(r"(?:p|s|sev|prio|priority|severity|level)?[ _-]*(\d)(?:[ .:_-]+(.*))?", re.IGNORECASE)
_TIME_ENDINGS = {"at", "time", "timestamp", "date", "datetime", "on", "ts", "dt", "utc", "gmt"}
_BEGINNINGS = {"sys", "event", "alert", "alarm", "incident", "ticket", "problem", "issue", "case", "u", "is", "date"}


def plain(name: str) -> str:
    """Write a column's name as words: ``openedAt`` and ``Opened_At`` are both ``opened at``.

    Parameters
    ----------
    name : str
        As in the file.

    Returns
    -------
    str
        Lower case, single blanks.
    """
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return " ".join(re.findall(r"[^\W_]+", parted.lower()))


def forms(name: str, *, time: bool) -> list[str]:
    """List the forms under which a column's name may be known, the fullest first.

    Parameters
    ----------
    name : str
        As in the file.
    time : bool
        Whether endings such as "at" and "time" are to be taken off.

    Returns
    -------
    list of str
        ``u_event_start_time`` gives ``u event start``, ``event start``, ``start``.
    """
    words = plain(name).split()
    while time and words and words[-1] in _TIME_ENDINGS:
        words.pop()
    found = [" ".join(words)]
    while len(words) > 1 and words[0] in _BEGINNINGS:
        words = words[1:]
        found.append(" ".join(words))
    return found


def names_an_identity(name: str) -> bool:
    """Whether a column is named as the number of something, as ``Ticket No`` or ``Vorgangsnummer``, but of no person.

    Parameters
    ----------
    name : str
        As in the file.
    """
    words = plain(name)
    return bool(_NUMBER_OF.fullmatch(words)) and not set(words.split()) & (PERSON | _OTHER_NUMBERS)


def speak_of_severity(words: Iterable[str]) -> bool:
    """Whether all words are severities whatever the column is called.

    Parameters
    ----------
    words : iterable of str
        Every distinct value. Bare numbers may count anything, and S1 may be a site, a server or a shift.
    """
    given = list(words)
    return not any(_ANY_COUNT.fullmatch(word.strip()) for word in given) and not severity_words(given)[1]


def severity_words(words: Iterable[str]) -> tuple[dict[str, str], list[str], str]:
    """Map a source's severities to ours.

    Parameters
    ----------
    words : iterable of str
        Every distinct value.

    Returns
    -------
    tuple of (dict of str to str, list of str, str)
        The mapping, the words that have none, and the scale that was recognised.
    """
    given = sorted(set(words))
    by_word = {word: _by_word(word, given) for word in given}
    if all(by_word.values()):
        return _complete(by_word, "by their meaning")
    numbers = {word: int(match[1]) for word in given if (match := _NUMBERED.fullmatch(word.strip()))}
    bare = [n for word, n in numbers.items() if by_word[word] is None]
    if bare and max(bare) > 5:
        scale, told = _SYSLOG, "as syslog's 0 (emergency) to 7 (debug)"
    elif bare and min(bare) == 0:
        scale, told = {n: _BY_NUMBER[n + 1] for n in range(5)} | {5: "info"}, "0 the most severe"
    else:
        scale, told = _BY_NUMBER, "1 the most severe, as in ITIL"
    return _complete({word: found or scale.get(numbers.get(word, -1)) for word, found in by_word.items()}, told)


def _complete(found: dict[str, str | None], told: str) -> tuple[dict[str, str], list[str], str]:
    mapped = {word: severity for word, severity in found.items() if severity is not None}
    return mapped, [word for word in found if word not in mapped], told


def _by_word(word: str, given: list[str]) -> str | None:
    text = plain(word)
    if match := _NUMBERED.fullmatch(word.strip()):
        text = plain(match[2] or "")
    others = {part for other in given for part in plain(other).split()}
    # X.733 has critical, major, minor, warning; Zabbix disaster, high, average, warning: there warning is the lowest.
    if text in ("warning", "warn") and others & {"minor", "average", "medium", "moderate"}:
        return "low"
    if text == "minor" and others & {"warning", "warn"} and not others & {"medium", "moderate"}:
        return "medium"
    return _WORDS.get(text)
