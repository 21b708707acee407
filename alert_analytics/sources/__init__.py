"""Foreign formats, one file each; every source yields canonical rows for a store to ingest."""

from alert_analytics.sources.inspection import Inspection, inspect_file
from alert_analytics.sources.servicenow import ServiceNow
from alert_analytics.sources.tabular import Tabular

__all__ = ["Inspection", "ServiceNow", "Tabular", "inspect_file"]
