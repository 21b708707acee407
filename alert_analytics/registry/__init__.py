"""The model registry: MLflow, imported here and nowhere else, and only when something is asked of it."""

from alert_analytics.registry.export import export
from alert_analytics.registry.reading import model_bytes
from alert_analytics.registry.register import register
from alert_analytics.registry.versions import ModelVersion, versions

__all__ = ["ModelVersion", "export", "model_bytes", "register", "versions"]
