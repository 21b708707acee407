"""How a question is computed: a connection, a named ``.sql`` file, and compiled kernels over sorted arrays."""

from alert_analytics.engine.connection import attach, connect, sandbox
from alert_analytics.engine.query import Answer, run

__all__ = ["Answer", "attach", "connect", "run", "sandbox"]
