"""Train a model on schedule and register it as challenger: ``python pipelines/train.py pipelines/train.toml``.

The same as ``alert-analytics train``, its options read from a file. Exits with 1 and says why if no model came of it;
then nothing is registered. The registry is that of MLFLOW_TRACKING_URI, or mlflow.db in the working directory.
"""

from __future__ import annotations

import sys

import alert_analytics as aa
from alert_analytics.errors import AlertAnalyticsError
from alert_analytics.training import TrainingSpec, register_trained, train
from alert_analytics.training.spec import check_keys, read_toml

KEYS = ["spec", "data", "tenant", "alias", "out"]
NEEDED = ["spec", "data"]


def main(path: str) -> None:
    """Train and register what a configuration names."""
    config = read_toml(path)
    check_keys(config, KEYS, path, NEEDED)
    history = aa.AlertHistory.open(config["data"])
    if "tenant" in config:
        history = history.tenant(config["tenant"])
    trained = train(history, TrainingSpec.from_toml(config["spec"]), say=print)
    print(trained.model.explain_threshold())
    version = register_trained(trained, alias=config.get("alias"), out=config.get("out"))
    print(version.sentence)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        main(sys.argv[1])
    except AlertAnalyticsError as error:
        sys.exit(f"{type(error).__name__}: {error}")
