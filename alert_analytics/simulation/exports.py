"""The last eight weeks of the sample's web shop as two tools would export them: Alertmanager and a ticket system."""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

EXPORTED_SINCE = datetime(2025, 10, 27)
"""Naive UTC; alerts that fired earlier are in no export. The day after the clocks went back."""

MONITORED = ("database", "network", "web")
"""The services whose alerts Alertmanager sends; those of the others are tickets."""

TICKET_HEADINGS = ("Ticket No", "Opened", "Accepted", "Resolved", "Priority", "Service", "Alarm", "Site", "Group")

_WORDS = {"critical": "critical", "high": "error", "medium": "warning", "low": "warning", "info": "info"}
_OWN_WORDS = {"BackupFailed": "ticket", "HighCpuUsage": "low"}  # a word that no default knows, and a plain one
_PRIORITIES = {"critical": "P1", "high": "P2", "medium": "P3", "low": "P4", "info": "P5"}
_FLUSHED_EVERY_S = 30  # group_interval: what changes in a group meanwhile is one notification
_REPEATED_EVERY = timedelta(days=7)  # repeat_interval
_TWICE, _LATE = 0.01, 0.02  # of the notifications: sent again, and after others that were later
_LATE_BY = 40
_FAVOURED, _MISTYPED = 0.03, 0.002  # of the P1 tickets: another word for it; of all that ended: before they began
_LOCAL = timedelta(hours=1)  # Paris in winter, as it is in all of these weeks

Row = dict[str, Any]


def write_exports(folder: Path, alerts: pa.Table, watermark: datetime, seed: int) -> list[Path]:
    """Write ``alertmanager.jsonl.gz`` and ``tickets.csv``; the same alerts and seed give the same lines.

    Parameters
    ----------
    folder : Path
        Where they go.
    alerts : pyarrow.Table
        The canonical columns.
    watermark : datetime
        Naive UTC; when the exports were made.
    seed : int
        What is spoilt, late or told twice.

    Returns
    -------
    list of Path
        The files written.
    """
    recent = alerts.filter(
        pc.and_(pc.equal(alerts["tenant_id"], "acme"), pc.greater_equal(alerts["fired_at"], EXPORTED_SINCE))
    )
    rows: list[Row] = [row | {"labels": dict(row["labels"])} for row in recent.to_pylist()]
    told = [row for row in rows if row["service"] in MONITORED]
    filed = [row for row in rows if row["service"] not in MONITORED]
    paths = [folder / "alertmanager.jsonl.gz", folder / "tickets.csv"]
    with gzip.GzipFile(paths[0], "wb", compresslevel=9, mtime=0) as file:
        file.write("".join(f"{line}\n" for line in notifications(told, watermark, seed)).encode())
    paths[1].write_text(tickets(filed, seed), encoding="utf-8")
    return paths


def notifications(alerts: Sequence[Row], watermark: datetime, seed: int) -> list[str]:
    """Write alerts as the webhook notifications of an Alertmanager, version 4, a line each.

    Grouped by alert name and pod; a notification holds all that fires in its group and what has ended since the last
    one. As on a real receiver some come twice or after later ones, one was cut off in transit, and one has no start.

    Parameters
    ----------
    alerts : sequence of dict
        Canonical rows, labels as a dict.
    watermark : datetime
        Nothing is sent later.
    seed : int
        Which ones come twice, late, or spoilt.

    Returns
    -------
    list of str
        In the order of arrival.
    """
    groups: dict[tuple[str, str], list[Row]] = {}
    for alert in alerts:
        groups.setdefault((alert["rule"], alert["labels"].get("pod", "")), []).append(alert)
    sent = [one for group in groups.values() for one in _of_group(group, watermark)]
    sent.sort(key=lambda one: (one[0], one[1]["groupKey"]))
    lines = [json.dumps(payload, separators=(",", ":")) for _, payload in sent]
    rng = random.Random(seed)
    arrivals = [(place + (rng.random() < _LATE) * rng.randrange(_LATE_BY), line) for place, line in enumerate(lines)]
    arrivals += [(place + 1, line) for place, line in arrivals if rng.random() < _TWICE]
    arrived = [line for _, line in sorted(arrivals, key=lambda one: one[0])]
    cut_off, startless = sorted(rng.sample(range(len(lines)), 2))
    arrived.insert(cut_off, lines[cut_off][: len(lines[cut_off]) // 2])
    arrived.insert(startless, lines[startless].replace('"startsAt"', '"started"'))
    return arrived


def tickets(alerts: Iterable[Row], seed: int) -> str:
    """Write alerts as the CSV of a ticket system: semicolons, local day-first times to the minute, P1 to P5.

    What is not known is empty: an open ticket has no end. In a few rows the priority is a word of somebody's own, and
    in some the end was typed by hand and lies before the beginning.

    Parameters
    ----------
    alerts : iterable of dict
        Canonical rows.
    seed : int
        Which rows are odd.

    Returns
    -------
    str
        A heading, and a line per alert.
    """
    rng = random.Random(seed + 1)
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\n")
    writer.writerow(TICKET_HEADINGS)
    for number, alert in enumerate(alerts, start=40_001):
        ended, priority = alert["resolved_at"], _PRIORITIES[alert["severity"]]
        odd = rng.random()
        if priority == "P1" and odd < _FAVOURED:
            priority = "VIP"
        elif ended is not None and odd > 1 - _MISTYPED:
            ended = alert["fired_at"] - timedelta(hours=23)
        times = (alert["fired_at"], alert["acknowledged_at"], ended)
        about = (alert["service"], alert["rule"], alert["labels"]["region"], alert["team"])
        writer.writerow([f"T-{number}", *map(_local, times), priority, *about])
    return text.getvalue()


def _of_group(group: Sequence[Row], watermark: datetime) -> Iterator[tuple[datetime, Row]]:
    """Each notification of a group, with its time."""
    changes = {_flushed(at) for one in group for at in (one["fired_at"], one["resolved_at"]) if at is not None}
    waiting, last = sorted(changes, reverse=True), EXPORTED_SINCE
    while waiting:
        at = waiting.pop()
        shown = [one for one in group if one["fired_at"] < at and not _is_over(one, last)]
        if not shown or at > watermark:
            continue
        yield at, _notification(shown, at)
        last = at
        again = at + _REPEATED_EVERY
        if not all(_is_over(one, at) for one in shown) and (not waiting or waiting[-1] > again):
            waiting.append(again)


def _flushed(at: datetime) -> datetime:
    since = (at - EXPORTED_SINCE) // timedelta(seconds=_FLUSHED_EVERY_S)
    return EXPORTED_SINCE + (since + 1) * timedelta(seconds=_FLUSHED_EVERY_S)


def _is_over(alert: Row, at: datetime) -> bool:
    return alert["resolved_at"] is not None and alert["resolved_at"] < at


def _notification(shown: Sequence[Row], at: datetime) -> Row:
    alerts = [_alert(one, is_over=_is_over(one, at)) for one in shown]
    keys = {"alertname": shown[0]["rule"], "pod": shown[0]["labels"].get("pod", "")}
    shared = alerts[0]["labels"].items()
    return {
        "version": "4",
        "groupKey": "{}:{" + ", ".join(f'{name}="{value}"' for name, value in keys.items()) + "}",
        "truncatedAlerts": 0,
        "status": "firing" if any(one["status"] == "firing" for one in alerts) else "resolved",
        "receiver": "history",
        "groupLabels": keys,
        "commonLabels": {k: v for k, v in shared if all(one["labels"].get(k) == v for one in alerts)},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager.acme.example:9093",
        "alerts": alerts,
    }


def _alert(alert: Row, *, is_over: bool) -> Row:
    rule = alert["rule"]
    named = {"alertname": rule, "service": alert["service"], "team": alert["team"]}
    labels = {name: value for name, value in alert["labels"].items() if name != "incident"}  # known only later
    return {
        "status": "resolved" if is_over else "firing",
        "labels": named | {"severity": _OWN_WORDS.get(rule, _WORDS[alert["severity"]])} | labels,
        "annotations": {"summary": alert["message"]},
        "startsAt": _iso(alert["fired_at"]),
        "endsAt": _iso(alert["resolved_at"]) if is_over else "0001-01-01T00:00:00Z",
        "generatorURL": f"http://prometheus.acme.example:9090/graph?g0.expr={rule}",
        "fingerprint": alert["fingerprint"],
    }


def _iso(at: datetime) -> str:
    return f"{at.isoformat(timespec='milliseconds')}Z"


def _local(at: datetime | None) -> str:
    return "" if at is None else f"{at + _LOCAL:%d/%m/%Y %H:%M}"
