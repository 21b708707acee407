"""Scoring with exported models; needs numpy and onnxruntime alone."""

from alert_analytics.scoring.manifest import Manifest
from alert_analytics.scoring.scorer import OnnxScorer, Scores

__all__ = ["Manifest", "OnnxScorer", "Scores"]
