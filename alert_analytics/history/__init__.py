"""Where alerts live: the store, and the read-only history that questions are put to."""

from alert_analytics.history.describe import Description
from alert_analytics.history.history import AlertHistory, Span
from alert_analytics.history.report import IngestReport
from alert_analytics.history.source import Batch, Source
from alert_analytics.history.store import AlertStore

__all__ = ["AlertHistory", "AlertStore", "Batch", "Description", "IngestReport", "Source", "Span"]
