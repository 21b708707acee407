"""What a pull brought, in numbers and in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

from alert_analytics.history import IngestReport
from alert_analytics.history.report import added, waiting_for
from alert_analytics.pulls.feed import Page
from alert_analytics.tables import counted


class Progress(NamedTuple):
    """How far a pull is.

    Attributes
    ----------
    share : float
        Of the time to be covered, 0 to 1.
    n_pages, n_records : int
        In the store by now.
    """

    share: float
    n_pages: int
    n_records: int


@dataclass(frozen=True)
class PullReport:
    """What a pull brought: ``n_read = n_new + n_updated + n_duplicate + n_quarantined``.

    Attributes
    ----------
    source : str
        The source's name.
    address : str
        Where it was pulled from; it holds no secret.
    began : str
        Where the pull began, in words.
    n_pages : int
        Pages read.
    n_records, n_read, n_new, n_updated, n_duplicate, n_quarantined : int
        As in :class:`~alert_analytics.history.IngestReport`, summed over the pages. Each pull reads a little again, so
        some alerts are always known already.
    n_waiting : int
        Events whose alert's beginning was not known when their page was read; they count in no alert until it is.
    complete_until : datetime or None
        Until when everything has been read.
    watermark : datetime or None
        Up to when the store's alerts are known now.
    notes : tuple of str
        What the reader should know.
    reasons : mapping of str to int
        Why records were set aside, and how many: of each page the commonest, those first.
    """

    source: str
    address: str
    began: str
    n_pages: int = 0
    n_records: int = 0
    n_read: int = 0
    n_new: int = 0
    n_updated: int = 0
    n_duplicate: int = 0
    n_quarantined: int = 0
    n_waiting: int = 0
    complete_until: datetime | None = None
    watermark: datetime | None = None
    notes: tuple[str, ...] = ()
    reasons: Mapping[str, int] = field(default_factory=dict, hash=False)

    @property
    def sentence(self) -> str:
        """The report in words."""
        until = (
            "" if self.complete_until is None else f" It is complete until {self.complete_until:%Y-%m-%d %H:%M} UTC."
        )
        waiting = f" {waiting_for(self.n_waiting)}." if self.n_waiting else ""
        return (
            f"{counted(self.n_read, 'alert')} read from {counted(self.n_records, 'record')} on "
            f"{counted(self.n_pages, 'page')} of {self.source} at {self.address}: {self.n_new:,} new, "
            f"{self.n_updated:,} updated, {self.n_duplicate:,} known already, "
            f"{self.n_quarantined:,} set aside.{waiting} {self.began}{until}"
        )

    def to_dict(self) -> dict[str, object]:
        """The report as a plain dict."""
        return asdict(self)

    def plus(self, page: Page, report: IngestReport) -> PullReport:
        """The report with one page more."""
        return replace(
            self,
            source=report.source,
            n_pages=self.n_pages + 1,
            n_records=self.n_records + report.n_records,
            n_read=self.n_read + report.n_read,
            n_new=self.n_new + report.n_new,
            n_updated=self.n_updated + report.n_updated,
            n_duplicate=self.n_duplicate + report.n_duplicate,
            n_quarantined=self.n_quarantined + report.n_quarantined,
            n_waiting=report.n_waiting,
            complete_until=page.complete_until,
            watermark=report.watermark,
            notes=(*self.notes, *(note for note in page.notes if note not in self.notes)),
            reasons=added([self.reasons, report.reasons]),
        )
