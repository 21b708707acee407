"""What an ingest brought, in numbers and in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime

from alert_analytics.tables import counted

_COUNTS = ("n_records", "n_read", "n_new", "n_updated", "n_duplicate", "n_quarantined", "n_waiting")


@dataclass(frozen=True)
class IngestReport:
    """What became of every alert that an input held: ``n_read = n_new + n_updated + n_duplicate + n_quarantined``.

    Attributes
    ----------
    source : str
        The source's name.
    n_records : int
        Records (lines, events) in the input; several events may tell of one alert.
    n_read : int
        Alerts they tell of, and records that had to be set aside.
    n_new, n_updated, n_duplicate, n_quarantined : int
        Added; changed by what was not known before; known already; set aside with a reason.
    n_waiting : int
        Events kept whose alert's beginning is not known yet; they count in no alert until it is.
    watermark : datetime or None
        Up to when the store's alerts are known now.
    reasons : mapping of str to int
        Why this input's records were set aside, and how many: the hundred commonest, those first.
    """

    source: str
    n_records: int
    n_read: int
    n_new: int
    n_updated: int
    n_duplicate: int
    n_quarantined: int
    n_waiting: int
    watermark: datetime | None
    reasons: Mapping[str, int] = field(default_factory=dict, hash=False)

    @classmethod
    def together(cls, source: str, reports: Sequence[IngestReport], watermark: datetime | None) -> IngestReport:
        """Add up the reports of several inputs.

        Parameters
        ----------
        source : str
            The source's name.
        reports : sequence of IngestReport
            May be empty.
        watermark : datetime or None
            Up to when the store's alerts are known after the last.
        """
        counts = {name: sum(getattr(report, name) for report in reports) for name in _COUNTS}
        reasons = added(report.reasons for report in reports)
        return cls(source=source, **counts, watermark=watermark, reasons=reasons)

    @property
    def sentence(self) -> str:
        """The report in words."""
        waiting = f" {waiting_for(self.n_waiting)};" if self.n_waiting else ""
        return (
            f"{counted(self.n_read, 'alert')} read from {counted(self.n_records, 'record')} of {self.source}: "
            f"{self.n_new:,} new, "
            f"{self.n_updated:,} updated, {self.n_duplicate:,} known already, {self.n_quarantined:,} set aside;"
            f"{waiting} known until {self.watermark}."
        )

    def to_dict(self) -> dict[str, object]:
        """The counts as a plain dict."""
        return asdict(self)


def waiting_for(n_events: int) -> str:
    """Say how many events wait for the beginning of their alert."""
    if n_events == 1:
        return "1 event waits for the beginning of its alert"
    return f"{n_events:,} events wait for the beginning of their alert"


def added(several: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Add up counts of reasons, the commonest first, between equals in the order of the alphabet.

    Examples
    --------
    >>> added([{"no fired_at": 1, "no state": 2}, {"no fired_at": 3}])
    {'no fired_at': 4, 'no state': 2}
    """
    total: Counter[str] = Counter()
    for reasons in several:
        total.update(reasons)
    return dict(sorted(total.items(), key=lambda pair: (-pair[1], pair[0])))
