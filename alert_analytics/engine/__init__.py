"""How a question is computed: a connection, a named ``.sql`` file, and compiled kernels over sorted arrays."""

from alert_analytics.engine.connection import attach, connect, sandbox
from alert_analytics.engine.failures import failure
from alert_analytics.engine.query import Answer, run, run_free

__all__ = ["Answer", "attach", "connect", "failure", "run", "run_free", "sandbox"]
