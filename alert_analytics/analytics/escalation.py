"""Who would have been paged when? An escalation policy walked over the alerts that there were."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from alert_analytics.alerts.escalation import EscalationLevel, EscalationPolicy, EscalationStep
from alert_analytics.analytics.result import Result
from alert_analytics.errors import HistoryError
from alert_analytics.history import AlertHistory
from alert_analytics.tables import counted, in_figures

Ints = npt.NDArray[np.int64]

_ANSWERS = ("acknowledged", "resolved", "open")
_NO_LENGTH = "the history has no length, so nothing is per week"
_UNSEEN = "no alert was watched for that long"


@dataclass(frozen=True, eq=False, repr=False)
class EscalationReplay(Result):
    """What a policy would have paged, a row per level of each round; make one with :meth:`from_alerts`.

    Attributes
    ----------
    table : pyarrow.Table
        ``round`` and ``level`` (from 1), ``targets`` (joined by commas), ``after_s`` (seconds since the firing);
        ``n_alerts`` (alerts that reached it) and ``n_pages`` (one for each target), ``pages_per_week``; ``n_watched``
        (alerts whose ``after_s`` was over by the watermark, so that it is known whether they would reach it) and
        ``reached_share`` of those; what became of the alerts between this page and the next: ``n_acknowledged``,
        ``n_resolved``, ``n_open`` (at the watermark, so that later pages are not known), ``n_escalated`` (nobody
        answered, and the next level was paged; after the last level nobody is, and they count where they ended);
        ``note``. Null where a number is not known.
    policy : EscalationPolicy
        What was replayed.
    """

    policy: EscalationPolicy = field(default_factory=lambda: EscalationPolicy((EscalationLevel(("on call",)),)))
    alerts_seen: pa.Table = field(default_factory=lambda: pa.table({}))

    @classmethod
    def from_alerts(cls, alerts: Any, policy: EscalationPolicy) -> EscalationReplay:
        """Replay a policy over a history.

        Parameters
        ----------
        alerts : AlertHistory, dataframe, path, or iterable of Alert
            What :meth:`AlertHistory.open` takes.
        policy : EscalationPolicy
            Alerts of other severities than its own are left out and counted in :attr:`settings`.

        Returns
        -------
        EscalationReplay
            A row for each level of each round also for an empty history (nobody is paged).

        Raises
        ------
        HistoryError
            `policy` is no policy.

        Notes
        -----
        A level is paged when nobody has acknowledged or resolved the alert *before* its time: at the same instant the
        answer counts as the earlier, so that an alert which ends as it begins pages nobody. What is open at the
        watermark has the pages before it and no others. It is a replay: had people been paged otherwise, they would
        have answered otherwise. Tested against a naive state machine (``tests/oracle/test_replay.py``).

        Examples
        --------
        >>> import alert_analytics as aa
        >>> from datetime import timedelta
        >>> levels = [aa.EscalationLevel("on call"), aa.EscalationLevel("lead", timedelta(hours=1))]
        >>> policy = aa.EscalationPolicy(levels)
        >>> replay = aa.EscalationReplay.from_alerts(aa.datasets.sample(), policy)
        >>> first, second = replay.table["n_pages"].to_pylist()
        >>> first > second > 0
        True
        """
        if not isinstance(policy, EscalationPolicy):
            raise HistoryError(
                f"EscalationReplay: {policy!r} is no policy.", hint='EscalationPolicy([EscalationLevel("on call")])'
            )
        history = AlertHistory.open(alerts)
        answer = history.ask("escalation", params={"watermark": history.watermark})
        seen = answer.arrow()
        n_all = seen.num_rows
        if policy.severities is not None:
            seen = seen.filter(pc.is_in(seen["severity"], pa.array(policy.severities, pa.string())))
        span = history.span
        weeks = span.days / 7 if span else 0.0
        settings = history.settings | {
            "policy": policy.described(),
            "weeks": weeks,
            "n_alerts": seen.num_rows,
            "n_left_out": n_all - seen.num_rows,
        }
        return cls(_table(policy.steps, seen, weeks), history, settings, answer.sql, policy, seen)

    @property
    def sentence(self) -> str:
        """How many pages there would have been, and how far they would have gone."""
        n_alerts: Any = self.settings["n_alerts"]
        if not n_alerts:
            return "There is no alert that this policy is for, so nobody would have been paged."
        n_pages = pc.sum(self.table["n_pages"]).as_py()
        per_week = [one for one in self.table["pages_per_week"].to_pylist() if one is not None]
        weeks: Any = self.settings["weeks"]
        rate = f" ({in_figures(sum(per_week))} a week)" if per_week and 7 * weeks >= 1 else ""
        if not n_pages:
            return (
                f"None of {counted(n_alerts, 'alert')} went unanswered for so long that anybody would have been paged."
            )
        said = f"{counted(n_alerts, 'alert')} would have been {counted(n_pages, 'page')}{rate}"
        if self.table.num_rows == 1:
            return f"{said}."
        last = self.table.slice(self.table.num_rows - 1).to_pylist()[0]
        which = f"level {last['level']} of round {last['round']}" if self.policy.repeat else f"level {last['level']}"
        share = last["reached_share"]
        of = f", {share:.1%} of those watched for long enough" if share is not None else ""
        return f"{said}; {counted(last['n_alerts'], 'alert')} would have reached the last, {which}{of}."

    def pages(self, row: int | None = None) -> pa.Table:
        """List the single pages.

        Parameters
        ----------
        row : int, optional
            Of one row of the table alone; by default of all.

        Returns
        -------
        pyarrow.Table
            ``tenant_id``, ``alert_id``, ``rule``, ``service``, ``severity``, ``round``, ``level``, ``target``,
            ``paged_at``; in order of time.

        Raises
        ------
        IndexError
            There is no such row.
        """
        steps = self.policy.steps if row is None else (self.policy.steps[self._place(row)],)
        fired, unanswered = _micros(self.alerts_seen, "fired_us"), _micros(self.alerts_seen, "unanswered_us")
        told = [(step, target, np.flatnonzero(unanswered > _after(step))) for step in steps for target in step.targets]
        which = np.concatenate([found for _, _, found in told])
        sizes = [found.size for _, _, found in told]
        at = fired[which] + np.repeat([_after(step) for step, _, _ in told], sizes)
        columns: dict[str, Any] = {
            name: self.alerts_seen[name].take(pa.array(which))
            for name in ("tenant_id", "alert_id", "rule", "service", "severity")
        }
        columns |= {
            "round": pa.array(np.repeat([step.round for step, _, _ in told], sizes), pa.int64()),
            "level": pa.array(np.repeat([step.level for step, _, _ in told], sizes), pa.int64()),
            "target": pa.array(np.repeat(np.array([target for _, target, _ in told], object), sizes), pa.string()),
            "paged_at": pa.array(at, pa.int64()).cast(pa.timestamp("us")),
        }
        order = np.lexsort((np.repeat(np.arange(len(told)), sizes), which, at))
        return pa.table(columns).take(pa.array(order))

    def alerts(self, row: int = 0) -> AlertHistory:
        """The alerts that reached the level in `row`."""
        after = _after(self.policy.steps[self._place(row)])
        reached = np.flatnonzero(_micros(self.alerts_seen, "unanswered_us") > after)
        ids = self.alerts_seen["alert_id"].take(pa.array(reached)).to_pylist()
        return self.history.where({"alert_id": ids or [""]})

    def _place(self, row: int) -> int:
        self._row(row)
        return row % len(self)


def _after(step: EscalationStep) -> int:
    return step.after // timedelta(microseconds=1)


def _micros(seen: pa.Table, name: str) -> Ints:
    return np.asarray(seen[name].to_numpy(), dtype=np.int64)


def _table(steps: tuple[EscalationStep, ...], seen: pa.Table, weeks: float) -> pa.Table:
    unanswered, watched = _micros(seen, "unanswered_us"), _micros(seen, "watched_us")
    answer = np.asarray(seen["answer"].to_numpy(zero_copy_only=False), dtype=object)
    rows = []
    for place, step in enumerate(steps):
        after = _after(step)
        reached = unanswered > after
        further = unanswered > _after(steps[place + 1]) if place + 1 < len(steps) else np.zeros_like(reached)
        n_watched = int((watched > after).sum())
        n_pages = int(reached.sum()) * len(step.targets)
        notes = [_NO_LENGTH] if weeks <= 0 else []
        notes += [] if n_watched else [_UNSEEN]
        ended = answer[reached & ~further]
        rows.append(
            {
                "round": step.round,
                "level": step.level,
                "targets": ", ".join(step.targets),
                "after_s": after / 1e6,
                "n_alerts": int(reached.sum()),
                "n_pages": n_pages,
                "pages_per_week": n_pages / weeks if weeks > 0 else None,
                "n_watched": n_watched,
                "reached_share": float(reached.sum() / n_watched) if n_watched else None,
                **{f"n_{word}": int((ended == word).sum()) for word in _ANSWERS},
                "n_escalated": int(further.sum()),
                "note": "; ".join(notes) or None,
            }
        )
    return pa.Table.from_pylist(rows, _SCHEMA)


_SCHEMA = pa.schema(
    [
        *((name, pa.int64()) for name in ("round", "level")),
        ("targets", pa.string()),
        ("after_s", pa.float64()),
        *((name, pa.int64()) for name in ("n_alerts", "n_pages")),
        ("pages_per_week", pa.float64()),
        ("n_watched", pa.int64()),
        ("reached_share", pa.float64()),
        *((name, pa.int64()) for name in ("n_acknowledged", "n_resolved", "n_open", "n_escalated")),
        ("note", pa.string()),
    ]
)
