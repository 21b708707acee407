"""A recommendation as the alerting rule that Prometheus reads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta

from alert_analytics.alerts.changes import RuleChange
from alert_analytics.errors import HistoryError
from alert_analytics.tables import printable

_UNITS = ((604_800, "w"), (86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))


def prometheus_rule(
    name: str, expr: str, change: RuleChange, *, hold: timedelta, labels: Mapping[str, str], why: str
) -> str:
    """Write a tightened alerting rule.

    Parameters
    ----------
    name : str
        The alert's name.
    expr : str
        The rule's expression, in PromQL.
    change : RuleChange
        A raised ``for``, or a wider dedup window (Prometheus keeps such an alert firing with ``keep_firing_for``).
    hold : timedelta
        The rule's ``for`` as it is.
    labels : mapping of str to str
        Of the rule.
    why : str
        A comment above the rule.

    Returns
    -------
    str
        YAML: one group with one rule. Every text is quoted, so that no name or expression can be anything else.

    Raises
    ------
    HistoryError
        The change is no change of one Prometheus rule.
    """
    if not change.hold and not change.dedup_window:
        raise HistoryError(
            f"{name}: {change.kind} is no change of one Prometheus rule.",
            hint="delete the rule in its file; merge with an inhibition rule or group_by in Alertmanager.",
        )
    comment = printable(" ".join(why.split()))
    lines = [
        "groups:",
        "  - name: tightened",
        "    rules:",
        f"      # {comment}",
        f"      - alert: {_quoted(name)}",
        f"        expr: {_quoted(expr)}",
    ]
    if hold + change.hold:
        lines.append(f"        for: {duration(hold + change.hold)}")
    if change.dedup_window:
        lines.append(f"        keep_firing_for: {duration(change.dedup_window)}")
    if labels:
        lines.append("        labels:")
        lines += [f"          {_quoted(key)}: {_quoted(value)}" for key, value in sorted(labels.items())]
    return "\n".join(lines) + "\n"


def duration(length: timedelta) -> str:
    """Write a length of time as Prometheus does: ``1h30m``; parts of a second in ``ms``.

    Examples
    --------
    >>> duration(timedelta(minutes=90)), duration(timedelta(milliseconds=1500)), duration(timedelta(0))
    ('1h30m', '1s500ms', '0s')
    """
    left, parts = length // timedelta(milliseconds=1), []
    for seconds, unit in _UNITS:
        n, left = divmod(left, seconds * 1000)
        parts += [f"{n}{unit}"] if n else []
    return "".join([*parts, *([f"{left}ms"] if left else [])]) or "0s"


def _quoted(text: str) -> str:
    # JSON's strings are YAML's double-quoted ones.
    return json.dumps(text, ensure_ascii=True)
