"""Prometheus' own record of its alerts: range queries of ``ALERTS``, where an alert is a run of samples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import ClassVar, Literal, NamedTuple

from pydantic import BaseModel, Field, FiniteFloat

from alert_analytics.alerts.events import AlertEvent
from alert_analytics.alerts.fingerprints import fingerprint_of
from alert_analytics.errors import SourceError
from alert_analytics.sources.alertmanager import written
from alert_analytics.sources.labels import Labelled
from alert_analytics.sources.payload import PayloadSource

_EPOCH = datetime(1970, 1, 1)
_ALERTS, _FOR_STATE = "ALERTS", "ALERTS_FOR_STATE"
_Labels = tuple[tuple[str, str], ...]


class Series(BaseModel):
    """One series of a matrix: its labels, and its samples as pairs of seconds and text."""

    metric: dict[str, str]
    values: list[tuple[FiniteFloat, str]]


class Matrix(BaseModel):
    """The answer to a range query."""

    result_type: Literal["matrix"] = Field(alias="resultType")
    result: list[Series]


class RangeQuery(BaseModel):
    """A response of ``/api/v1/query_range``; ``end`` and ``step`` (seconds) only where its keeper added them."""

    status: Literal["success"]
    data: Matrix
    warnings: list[str] | None = None
    end: FiniteFloat | None = None
    step: FiniteFloat | None = Field(default=None, gt=0)


class Run(NamedTuple):
    """Consecutive firing samples; times in milliseconds."""

    first: int
    last: int
    active_at: int | None


@dataclass(frozen=True)
class Prometheus(Labelled, PayloadSource[RangeQuery]):
    """Responses to range queries of ``ALERTS``, better of ``{__name__=~"ALERTS|ALERTS_FOR_STATE"}``, kept as JSON.

    An alert is a run of firing samples, so its times are known to the query's step only. **Consecutive queries must
    share their end point** (the end of one is the start of the next), use one step, and lie on one grid: then splitting
    a range gives the same alerts as asking for it at once. Where they do not share it, an alert whose last sample is
    the last of a range stays open, since no response shows it missing.

    Attributes
    ----------
    severities, severity_label, rule_label, service_labels, team_labels, tenant_label
        Which labels say what: see :class:`~alert_analytics.sources.labels.Labelled`.
    step : timedelta or None
        The step of the queries; None takes ``step`` of the payload, else the smallest spacing of samples in it, which
        is too long where no series has two samples in a row. Give it where you know it.
    external_labels : mapping of str to str
        Labels that Prometheus adds when it sends alerts away, and which its own series lack. With them the fingerprints
        are those that Alertmanager shows.
    origin : str or None
        Which Prometheus it is; the response does not say.

    Notes
    -----
    ==================  ==================================================================================
    canonical           payload
    ==================  ==================================================================================
    fingerprint         computed: FNV-1a of all labels but ``__name__`` and ``alertstate``
    fired_at            the first firing sample of a run; at most one step late
    resolved_at         the first moment of the grid without a sample; at most one step late
    rule                label ``alertname``
    service             label ``service``, else ``job``
    team, severity      labels ``team`` and ``severity``
    labels              all but ``__name__`` and ``alertstate``
    metadata            ``active_at``: since when the condition held (the value of ``ALERTS_FOR_STATE``)
    ==================  ==================================================================================

    **What each response tells.** A run is a ``fire`` at its first sample and, where the response reaches beyond it, a
    ``resolve`` at the first missing one. A run that reaches the end of the range is open, and nothing more is said of
    it. A run that begins at the left edge of a range began earlier, nobody knows when; it claims the edge as its start.
    Told of an alert that is open from the range before, that is no new alert, and as every event also says that there
    was one occurrence, it counts nothing. Without the range before, the claimed start is the edge: too late.

    **The end of the range** is not in a response. It is ``end`` where the payload says so, else the last sample of any
    series in it. So have a series in it that is always there (an alert such as Watchdog, or ``ALERTS or vector(1)``):
    otherwise the alert that ends last stays open.

    Gaps shorter than the step are not seen, unless ``ALERTS_FOR_STATE`` is there: when its value changes, another alert
    has begun. Pending samples are no alert. It cannot say messages (annotations are not stored), occurrences,
    acknowledgements or silences.

    References
    ----------
    https://prometheus.io/docs/prometheus/latest/querying/api/#range-queries
    https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/#inspecting-alerts-during-runtime
    """

    name: ClassVar[str] = "prometheus"
    model: ClassVar[type[BaseModel]] = RangeQuery

    step: timedelta | None = None
    external_labels: Mapping[str, str] = field(default_factory=dict)
    origin: str | None = None

    def __post_init__(self) -> None:
        """Refuse a step that is none."""
        super().__post_init__()
        if self.step is not None and self.step <= timedelta(0):
            raise SourceError(f"Prometheus has step={self.step}; expected a positive timedelta.")

    def events(self, payload: RangeQuery) -> Iterable[AlertEvent]:
        """A fire for each run, and a resolve for each that is seen to end."""
        firing = _samples(payload, _ALERTS, "firing")
        times = sorted({_ms(at) for series in payload.data.result for at, _ in series.values})
        if not firing or not times:
            return
        step, end = self._step(payload, times), times[-1] if payload.end is None else _ms(payload.end)
        if end < times[-1]:
            raise ValueError(f"end is {_moment(end)}, but there is a sample at {_moment(times[-1])}")
        active = _samples(payload, _FOR_STATE, None)
        for key in sorted(firing):
            told = [at for at, value in sorted(firing[key].items()) if float(value) != 0]
            yield from self._told(key, list(_runs(told, active.get(key, {}), step)), step, end)

    def losses(self, payload: RangeQuery) -> Iterable[str]:
        """Warnings of the query, and pending starts that no ``ALERTS`` goes with."""
        for warning in payload.warnings or ():
            yield f"the query warned: {warning}"
        names = {series.metric.get("__name__") for series in payload.data.result}
        if _FOR_STATE in names and _ALERTS not in names:
            yield "ALERTS_FOR_STATE alone does not say what fired; query ALERTS with it"

    def _told(self, key: _Labels, runs: list[Run], step: int, end: int) -> Iterator[AlertEvent]:
        labels = dict(key) | dict(self.external_labels)
        about = self.attributes(labels) | {"origin": self.origin, "occurrences": 1}
        fingerprint = fingerprint_of(labels)
        for place, run in enumerate(runs):
            since = None if run.active_at is None else written({"active_at": f"{_moment(run.active_at).isoformat()}Z"})
            yield AlertEvent("fire", fingerprint, _moment(run.first), sequence=1, metadata=since, **about)
            over = run.last + step
            if place + 1 < len(runs):
                # Where only ALERTS_FOR_STATE tells two runs apart, the first was over when the second became active.
                over = min(over, max(run.last, runs[place + 1].active_at or over), runs[place + 1].first)
            elif over > end:
                continue
            # In order before a fire of the same moment, which is the next alert's.
            yield AlertEvent("resolve", fingerprint, _moment(over), sequence=0, **about)

    def _step(self, payload: RangeQuery, times: list[int]) -> int:
        """The step in milliseconds, as given or as the samples have it."""
        if self.step is not None:
            return round(self.step.total_seconds() * 1000)
        if payload.step is not None:
            return max(1, _ms(payload.step))
        spacings = [after - before for before, after in pairwise(times)]
        if not spacings and payload.end is not None and _ms(payload.end) > times[0]:
            raise ValueError("samples of one moment do not say the step: give Prometheus(step=...)")
        return min(spacings, default=1)


def _samples(payload: RangeQuery, name: str, state: str | None) -> dict[_Labels, dict[int, str]]:
    """The samples of each series called `name`, by its labels and their time."""
    found: dict[_Labels, dict[int, str]] = {}
    for series in payload.data.result:
        labels = dict(series.metric)
        # A query over ALERTS, such as `max without (pod) (ALERTS)`, takes its name away.
        called, in_state = labels.pop("__name__", _ALERTS), labels.pop("alertstate", None)
        if called == name and in_state == state and "alertname" in labels:
            samples = {_ms(at): value for at, value in series.values}
            found.setdefault(tuple(sorted(labels.items())), {}).update(samples)
    return found


def _runs(told: list[int], active: Mapping[int, str], step: int) -> Iterator[Run]:
    """Cut samples into runs: at a gap of more than one and a half steps, and where the alert became active anew."""
    first = last = since = None
    for at in told:
        known = _ms(float(active[at])) if at in active else since
        if first is None or last is None:
            first, since = at, known
        elif at - last > 1.5 * step or (known != since and since is not None):
            yield Run(first, last, since)
            first, since = at, known if at in active else None
        else:
            since = known
        last = at
    if first is not None and last is not None:
        yield Run(first, last, since)


def _ms(seconds: float) -> int:
    """Milliseconds, which is what Prometheus counts in."""
    return round(seconds * 1000)


def _moment(milliseconds: int) -> datetime:
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError as error:
        raise ValueError("a time lies beyond all calendars") from error
