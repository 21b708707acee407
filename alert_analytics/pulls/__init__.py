"""Live pulls: what a running system tells over its API, into a store. One file an API."""

from alert_analytics.pulls.alertmanager import Alertmanager
from alert_analytics.pulls.client import Limits
from alert_analytics.pulls.feed import Feed
from alert_analytics.pulls.opsgenie import Opsgenie
from alert_analytics.pulls.pagerduty import PagerDuty
from alert_analytics.pulls.prometheus import Prometheus
from alert_analytics.pulls.pull import FEEDS, pull
from alert_analytics.pulls.report import Progress, PullReport
from alert_analytics.pulls.servicenow import ServiceNow

__all__ = [
    "FEEDS",
    "Alertmanager",
    "Feed",
    "Limits",
    "Opsgenie",
    "PagerDuty",
    "Progress",
    "Prometheus",
    "PullReport",
    "ServiceNow",
    "pull",
]
