"""A recommendation as the alerting rule that Prometheus reads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta

from alert_analytics.alerts.changes import RuleChange
from alert_analytics.analytics.result import check_length
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
        A raised ``for``; or a wider dedup window, which is Alertmanager's to keep: it groups the series of a rule.
    hold : timedelta
        The rule's ``for`` as it is.
    labels : mapping of str to str
        Of the rule.
    why : str
        A comment above the rule.

    Returns
    -------
    str
        YAML: one group with one rule; for a dedup window a route of Alertmanager, whose ``group_interval`` tells of a
        group at most once a window. Every text is quoted, so that no name or expression can be anything else.

    Raises
    ------
    HistoryError
        The change is no change of one Prometheus rule, or `expr`, `hold` or `labels` are not what they should be.
    """
    if not change.hold and not change.dedup_window:
        raise HistoryError(
            f"{name}: {change.kind} is no change of one Prometheus rule.",
            hint="delete the rule in its file; merge with an inhibition rule or group_by in Alertmanager.",
        )
    if not isinstance(hold, timedelta) or hold < timedelta(0):
        raise HistoryError(f"hold={hold!r}; expected the rule's `for`, at least 0.", hint="hold=timedelta(minutes=5)")
    check_length("hold", max(hold, timedelta(microseconds=1)))  # its sum with the change has to be a length, too
    if not isinstance(expr, str):
        raise HistoryError(f"expr={expr!r}; expected an expression, as text.", hint='expr="up == 0"')
    if not isinstance(labels, Mapping) or not all(isinstance(text, str) for pair in labels.items() for text in pair):
        raise HistoryError(f"labels={labels!r}; expected text by text.", hint="labels={'severity': 'high'}")
    comment = printable(" ".join(why.split()))
    if change.dedup_window:
        return _route(name, change, comment)
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
    if labels:
        lines.append("        labels:")
        lines += [f"          {_quoted(key)}: {_quoted(_verbatim(value))}" for key, value in sorted(labels.items())]
    return "\n".join(lines) + "\n"


def _route(name: str, change: RuleChange, comment: str) -> str:
    shared = ", ".join(_quoted(one) for one in ("alertname", *change.group_by))
    matcher = f"alertname = {json.dumps(name, ensure_ascii=False)}"
    lines = [
        "route:",
        "  routes:",
        f"    # {comment}",
        f"    - matchers: [{_quoted(matcher)}]",
        f"      group_by: [{shared}]",
        f"      group_interval: {duration(change.dedup_window)}",
    ]
    return "\n".join(lines) + "\n"


def _verbatim(text: str) -> str:
    """A label's value that Prometheus, which expands templates in it, leaves as it is."""
    return text.replace("{{", '{{ "{{" }}')


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
    # JSON's strings are YAML's double-quoted ones, but for pairs of surrogates: YAML has \\U for what is beyond them.
    written = json.dumps(text, ensure_ascii=False)
    return "".join(one if one.isprintable() else _escaped(ord(one)) for one in written)


def _escaped(code: int) -> str:
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
