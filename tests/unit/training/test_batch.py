"""Scoring a history with an exported model: the model's own windows and numbers, or a reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest

import alert_analytics as aa
from alert_analytics.errors import FeatureMismatchError, UnknownColumnError, WindowsError
from alert_analytics.history import AlertHistory
from alert_analytics.scoring import OnnxScorer
from alert_analytics.training import TrainedModel, TrainingSpec, score_history, train


@pytest.fixture(scope="module")
def scorer(trained: TrainedModel, tmp_path_factory: pytest.TempPathFactory) -> OnnxScorer:
    """The trained model as a bundle: nothing of what made it is left but the file."""
    return OnnxScorer.load(trained.model.export(tmp_path_factory.mktemp("bundle")))


def test_the_numbers_are_those_of_the_model_on_the_same_windows(
    scorer: OnnxScorer, trained: TrainedModel, acme: AlertHistory, small: TrainingSpec
) -> None:
    windows = small.windows(acme)
    scored = score_history(scorer, acme)
    assert scored.table.equals(trained.model.score(windows).table)
    assert scored.table.num_rows == 16_116
    np.testing.assert_array_equal(scored.windows.features, windows.features)


def test_the_windows_are_made_as_the_model_s_were(acme: AlertHistory) -> None:
    """Width, split, length and zone come out of the file, not out of defaults."""
    spec = TrainingSpec("m", "pca", {}, 0.1, 0.05, 180.0, ("team",), 2, "Asia/Tokyo")
    trained = train(acme, spec)
    scorer = OnnxScorer(trained.model.graph.SerializeToString(), "file")
    scored = score_history(scorer, acme)
    windows = aa.alert_windows(acme, timedelta(hours=3), "team", 2, "Asia/Tokyo")
    np.testing.assert_array_equal(scored.windows.features, windows.features)
    assert scored.table["entity"].to_pylist() == windows.entity.tolist()
    assert scored.table["window_end"].to_numpy().tolist() == windows.window_end.tolist()
    assert "database" not in scored.table["entity"].to_pylist()


def test_a_path_or_a_table_is_a_history_too(scorer: OnnxScorer) -> None:
    path = aa.datasets.sample_path() / "alerts.parquet"
    expected = score_history(scorer, aa.datasets.sample()).table
    assert score_history(scorer, path).table.equals(expected)
    assert score_history(scorer, str(path)).table.equals(expected)


def test_a_window_leads_back_to_its_alerts(scorer: OnnxScorer, acme: AlertHistory) -> None:
    scored = score_history(scorer, acme)
    for row in scored.most_anomalous(3):
        n_alerts = int(scored.windows.features[row, scored.windows.feature_names.index("n_alerts")])
        assert scored.alerts(row).n_alerts == n_alerts > 5


def test_an_empty_history_has_no_window(scorer: OnnxScorer, acme: AlertHistory) -> None:
    scored = score_history(scorer, acme.where({"rule": ["nothing"]}))
    assert len(scored) == 0
    assert scored.sentence == "There is no window to score."
    assert scored.table.column_names == ["entity", "window_end", "raw", "score", "p_value", "is_anomaly"]


def test_a_model_of_metrics_is_refused() -> None:
    metrics = aa.datasets.sample_metrics()
    columns = [name for name in metrics.column_names if name not in ("entity", "t", "label")]
    windows = aa.metric_windows(metrics, entity="entity", time="t", columns=columns, length=1)
    learn, calibrate = windows.split_by_time(0.5, 0.5)
    model = aa.PCADetector().fit(learn).calibrate(calibrate, false_alarm_rate=0.2)
    scorer = OnnxScorer(model.graph.SerializeToString(), "metrics.onnx")
    with pytest.raises(WindowsError) as refused:
        score_history(scorer, aa.datasets.sample())
    assert refused.value.message == (
        f"<OnnxScorer of metrics.onnx: pca, {len(columns)} features, alpha 0.2> was trained on metric windows; alerts "
        "make other features."
    )
    assert refused.value.hint == "make its windows yourself and hand scorer.score() their features."


def test_features_of_another_version_are_refused(trained: TrainedModel, acme: AlertHistory) -> None:
    """A later library may count something else: the names in the file decide."""
    learned = trained.model.fitted.learned
    schema = (replace(learned.schema[0], name="n_bursts"), *learned.schema[1:])
    fitted = replace(trained.model.fitted, learned=replace(learned, schema=schema))
    other = replace(trained.model, fitted=fitted)
    with pytest.raises(FeatureMismatchError) as refused:
        score_history(OnnxScorer(other.graph.SerializeToString(), "old.onnx"), acme)
    assert refused.value.message == (
        "Features: the model's n_bursts is missing. The windows of this version of the library are not those that "
        "<OnnxScorer of old.onnx: isolation_forest, 13 features, alpha 0.01> was trained on."
    )
    assert str(refused.value.hint).startswith("train it anew")


def test_a_column_that_the_history_does_not_have(trained: TrainedModel, acme: AlertHistory) -> None:
    zoned = OnnxScorer(trained.model.graph.SerializeToString(), "file")
    zoned.manifest.windows["by"] = ["region of the DC"]
    with pytest.raises(UnknownColumnError, match="No column or label 'region of the DC'"):
        score_history(zoned, acme)


def test_the_last_days_score_as_in_the_whole_history(scorer: OnnxScorer, acme: AlertHistory) -> None:
    whole, part = score_history(scorer, acme), score_history(scorer, acme.where(since="2025-12-20"))
    assert part.table.num_rows == 6 * 48
    late = whole.windows.window_end > np.datetime64("2025-12-20")
    assert part.table.equals(whole.table.filter(pa.array(late)))


def test_a_feature_of_the_same_name_and_another_meaning_is_refused(trained: TrainedModel, acme: AlertHistory) -> None:
    schema = tuple(
        replace(one, formula="open, whatever its age") if one.name == "n_open" else one
        for one in trained.model.fitted.learned.schema
    )
    learned = replace(trained.model.fitted.learned, schema=schema)
    older = replace(trained.model, fitted=replace(trained.model.fitted, learned=learned))
    scorer = OnnxScorer(older.graph.SerializeToString(), "older")
    with pytest.raises(FeatureMismatchError, match=r"n_open: .*was trained on 'open, whatever its age'.*train it anew"):
        score_history(scorer, acme)
