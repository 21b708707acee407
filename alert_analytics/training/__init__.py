"""What pipelines and the command line call: train a model whole, register it, score a history with it."""

from alert_analytics.training.batch import score_history
from alert_analytics.training.spec import TrainingSpec
from alert_analytics.training.train import TrainedModel, register_trained, train

__all__ = ["TrainedModel", "TrainingSpec", "register_trained", "score_history", "train"]
