"""How a question is computed: a connection, a named ``.sql`` file, and compiled kernels over sorted arrays."""

from alert_analytics.engine.connection import attach, connect, sandbox
from alert_analytics.engine.failures import failure
from alert_analytics.engine.query import Answer, OpenAnswer, run, run_free, stacked

__all__ = ["Answer", "OpenAnswer", "attach", "connect", "failure", "run", "run_free", "sandbox", "stacked"]
