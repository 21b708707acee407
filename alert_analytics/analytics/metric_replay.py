"""What would a rule have fired? Rules walked over metric samples, to alerts as canonical rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from alert_analytics.alerts.rules import AlertRule
from alert_analytics.analytics.replayed_samples import Samples, Spans, alerts_of, samples_of, spans_of
from alert_analytics.analytics.result import Result
from alert_analytics.errors import HistoryError
from alert_analytics.history import AlertHistory
from alert_analytics.tables import counted, in_figures

Ints = npt.NDArray[np.int64]

_NO_LENGTH = "the samples span no time, so nothing is per week"


@dataclass(frozen=True, eq=False, repr=False)
class MetricReplay(Result):
    """What rules would have fired on metric samples, a row per rule; make one with :meth:`from_samples`.

    Attributes
    ----------
    table : pyarrow.Table
        ``rule``; ``n_fired`` (firing spans of single entities), ``n_alerts`` (told: what is left after the rule's dedup
        window), ``n_open`` (still firing at the end), ``alerts_per_week``; beside the first rule ``n_saved`` (alerts
        less; negative for a looser one) and ``n_missed`` (firing spans of the first rule in which this one never
        fires); with labels ``n_incidents`` (runs of labelled samples) and ``n_incidents_missed`` (those in which it
        never fires); ``note``. Null where a number is not known.
    history : AlertHistory
        The alerts of all rules.
    """

    rules: tuple[AlertRule, ...] = ()

    @classmethod
    def from_samples(
        cls,
        samples: Any,
        rules: AlertRule | Sequence[AlertRule],
        entity: str = "entity",
        time: str = "t",
        label: str | None = None,
    ) -> MetricReplay:
        """Walk rules over samples.

        Parameters
        ----------
        samples : dataframe that speaks Arrow
            A row per entity and time, in any order; a column for each name in the conditions. A value that is missing
            or NaN is unknown: it neither fires nor clears, and a pending rule begins anew.
        rules : AlertRule or sequence of AlertRule
            With names of their own; the others are held against the first.
        entity, time : str
            The columns of what was sampled and when (timestamps; naive ones are UTC).
        label : str, optional
            A column that is true (or 1) where something was wrong.

        Returns
        -------
        MetricReplay
            ``.alerts(row)`` are the alerts of a rule, as a history to go on with.

        Raises
        ------
        HistoryError
            A column is missing or of the wrong kind, two rules share a name, or there is none.
        ConditionError
            A condition names no column, or compares values of different kinds.

        Notes
        -----
        :func:`alert_analytics.engine.kernels.replay.fired_spans` says how a rule fires and clears,
        :func:`~alert_analytics.engine.kernels.replay.joined_alerts` what a dedup window joins: the alert told keeps its
        start, ends with the last that joined it, and counts them as ``occurrences``.

        Examples
        --------
        >>> import alert_analytics as aa
        >>> from datetime import timedelta
        >>> at_once = aa.AlertRule(name="cpu", condition="cpu_percent > 70", severity="high")
        >>> patient = aa.AlertRule(name="cpu, 15 min", condition="cpu_percent > 70", severity="high",
        ...                        hold_for=timedelta(minutes=15), clear_condition="cpu_percent < 65")
        >>> replay = aa.MetricReplay.from_samples(aa.datasets.sample_metrics(), [at_once, patient])
        >>> first, second = replay.table["n_alerts"].to_pylist()
        >>> first > second
        True
        """
        given = (rules,) if isinstance(rules, AlertRule) else tuple(rules)
        names = [rule.name for rule in given]
        if not given or len(set(names)) < len(names):
            raise HistoryError(
                f"MetricReplay: rules named {names}; expected at least one, each with a name of its own.",
                hint='AlertRule(name="cpu", condition="cpu_percent > 80", severity="high")',
            )
        read = samples_of(samples, entity, time)
        walked = [spans_of(read, rule) for rule in given]
        told = [alerts_of(read, rule, spans) for rule, spans in zip(given, walked, strict=True)]
        history = AlertHistory.open(pa.concat_tables(told))
        incidents = None if label is None else _labelled(read, label)
        settings = {
            "rules": [rule.model_dump(mode="json") for rule in given],
            "n_samples": read.table.num_rows,
            "n_entities": int(read.entity.max(initial=-1)) + 1,
            "span_start": read.span[0],
            "span_end": read.span[1],
            "label": label,
        }
        return cls(_table(read, given, walked, told, incidents), history, settings, "", given)

    @property
    def sentence(self) -> str:
        """What each rule fires, beside the first."""
        n_samples, n_entities = self.settings["n_samples"], self.settings["n_entities"]
        if not n_samples:
            return "There is no sample, so no rule fires."
        rows = self.table.to_pylist()
        first = rows[0]
        said = f"{first['rule']} would have told {counted(first['n_alerts'], 'alert')}"
        said += f" on {counted(int(str(n_samples)), 'sample')}"
        said += f" of {n_entities:,} {'entity' if n_entities == 1 else 'entities'}"
        said += f" ({in_figures(first['alerts_per_week'])} a week)" if first["alerts_per_week"] is not None else ""
        others = [
            f"{row['rule']}: {counted(row['n_alerts'], 'alert')}, missing {row['n_missed']:,} of the "
            f"{counted(first['n_fired'], 'firing')} of the first{_of_incidents(row, ' and')}"
            for row in rows[1:]
        ]
        return "; ".join([f"{said}{_of_incidents(first, ', missing')}", *others]) + "."

    def alerts(self, row: int = 0) -> AlertHistory:
        """The alerts of the rule in `row`."""
        return self.history.where({"rule": [self._row(row)["rule"]]})


def _of_incidents(row: dict[str, Any], joint: str) -> str:
    if row["n_incidents"] is None:
        return ""
    return f"{joint} {row['n_incidents_missed']:,} of {counted(row['n_incidents'], 'incident')}"


def _table(
    read: Samples,
    rules: Sequence[AlertRule],
    walked: Sequence[Spans],
    told: Sequence[pa.Table],
    incidents: tuple[Ints, Ints] | None,
) -> pa.Table:
    weeks = (read.span[1] - read.span[0]).total_seconds() / 604_800 if read.span[0] and read.span[1] else 0.0
    base = walked[0]
    rows = []
    for rule, spans, alerts in zip(rules, walked, told, strict=True):
        found = None if incidents is None else spans.reach(*incidents)
        rows.append(
            {
                "rule": rule.name,
                "n_fired": spans.fired.size,
                "n_alerts": alerts.num_rows,
                "n_open": alerts["resolved_at"].null_count,
                "alerts_per_week": alerts.num_rows / weeks if weeks > 0 else None,
                "n_saved": told[0].num_rows - alerts.num_rows,
                "n_missed": int((~spans.reach(base.fired, base.ends - 1)).sum()),
                "n_incidents": None if found is None else found.size,
                "n_incidents_missed": None if found is None else int((~found).sum()),
                "note": None if weeks > 0 else _NO_LENGTH,
            }
        )
    return pa.Table.from_pylist(rows, _SCHEMA)


def _labelled(read: Samples, label: str) -> tuple[Ints, Ints]:
    """First and last positions of the runs of labelled samples."""
    if label not in read.table.column_names:
        raise HistoryError(f"MetricReplay: label={label!r} is no column.", hint="label='label'")
    wrong = np.asarray(pc.fill_null(read.table[label].cast(pa.bool_()), False), dtype=np.bool_)
    before = np.concatenate([[False], wrong[:-1] & (np.diff(read.entity) == 0)])
    after = np.concatenate([wrong[1:] & (np.diff(read.entity) == 0), [False]]) if wrong.size else wrong
    return np.flatnonzero(wrong & ~before[: wrong.size]), np.flatnonzero(wrong & ~after)


_SCHEMA = pa.schema(
    [
        ("rule", pa.string()),
        *((name, pa.int64()) for name in ("n_fired", "n_alerts", "n_open")),
        ("alerts_per_week", pa.float64()),
        *((name, pa.int64()) for name in ("n_saved", "n_missed", "n_incidents", "n_incidents_missed")),
        ("note", pa.string()),
    ]
)
