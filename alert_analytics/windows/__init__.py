"""Feature windows over alert histories and metric series, each known by its own end."""

from alert_analytics.windows.alert_windows import alert_windows
from alert_analytics.windows.feature import Feature
from alert_analytics.windows.metric_windows import metric_windows
from alert_analytics.windows.windows import Windows, as_windows, plain_span

__all__ = ["Feature", "Windows", "alert_windows", "as_windows", "metric_windows", "plain_span"]
