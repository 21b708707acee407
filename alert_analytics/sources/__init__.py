"""Foreign formats, one file each; every source yields canonical rows or events for a store to ingest."""

from alert_analytics.sources.alertmanager import Alertmanager
from alert_analytics.sources.alertmanager_poll import AlertmanagerPoll
from alert_analytics.sources.grafana import Grafana
from alert_analytics.sources.inspection import Inspection, inspect_file
from alert_analytics.sources.opsgenie import Opsgenie
from alert_analytics.sources.pagerduty import PagerDuty
from alert_analytics.sources.payload import PayloadSource
from alert_analytics.sources.prometheus import Prometheus
from alert_analytics.sources.servicenow import ServiceNow
from alert_analytics.sources.servicenow_table import ServiceNowTable
from alert_analytics.sources.tabular import Tabular

__all__ = [
    "Alertmanager",
    "AlertmanagerPoll",
    "Grafana",
    "Inspection",
    "Opsgenie",
    "PagerDuty",
    "PayloadSource",
    "Prometheus",
    "ServiceNow",
    "ServiceNowTable",
    "Tabular",
    "inspect_file",
]
