"""Feature windows over alert histories and metric series, each known by its own end."""

from alert_analytics.windows.windows import Feature, Windows, as_windows

__all__ = ["Feature", "Windows", "as_windows"]
