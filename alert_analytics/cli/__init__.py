"""The same verbs for the shell: ``alert-analytics inspect | ingest | describe | trend | correlate | resolve | ...``."""

from alert_analytics.cli.app import main

__all__ = ["main"]
