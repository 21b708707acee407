"""Simulated metric series: labels, kinds of anomalies, correlation."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest

from alert_analytics.errors import HistoryError
from alert_analytics.simulation import MetricColumn, MetricSpec, simulate_metrics

SPEC = MetricSpec(
    ("a", "b"),
    (MetricColumn("x", 50.0, 10.0, 1.0), MetricColumn("y", 80.0, 5.0, 1.0), MetricColumn("z", 90.0, 8.0, 1.0)),
    days=14,
)


def series(spec: MetricSpec, seed: int, entity: str) -> dict[str, np.ndarray]:
    rows = [row for row in simulate_metrics(spec, seed).table.to_pylist() if row["entity"] == entity]
    return {name: np.array([row[name] for row in rows]) for name in ("t", "x", "y", "z", "label")}


def test_the_same_seed_gives_the_same_rows_and_another_does_not() -> None:
    once, again, other = (simulate_metrics(SPEC, seed) for seed in (1, 1, 2))
    assert once.table.equals(again.table)
    assert once.truth == again.truth
    assert not once.table.equals(other.table)


def test_steps_are_regular_for_each_entity() -> None:
    table = simulate_metrics(SPEC, 1).table
    assert table.column_names == ["entity", "t", "x", "y", "z", "label"]
    assert table.num_rows == 2 * SPEC.n_steps == 2 * 14 * 288
    assert all(table[name].null_count == 0 for name in table.column_names)
    stamps = series(SPEC, 1, "b")["t"]
    assert stamps[0] == SPEC.start
    assert {step.total_seconds() for step in np.diff(stamps)} == {300.0}


def test_labels_are_the_planted_anomalies() -> None:
    drawn = simulate_metrics(SPEC, 1)
    kinds = [anomaly["kind"] for anomaly in drawn.truth["anomalies"] if anomaly["entity"] == "a"]
    assert [kinds.count(kind) for kind in ("spike", "level_shift", "correlation_break")] == [6, 3, 3]
    for entity in SPEC.entities:
        expected = np.zeros(SPEC.n_steps)
        stamps = series(SPEC, 1, entity)["t"]
        for anomaly in (a for a in drawn.truth["anomalies"] if a["entity"] == entity):
            start, end = (datetime.fromisoformat(anomaly[name]) for name in ("start", "end"))
            inside = (stamps >= start) & (stamps < end)
            assert inside.any()
            assert not expected[inside].any()
            expected[inside] = 1
        np.testing.assert_array_equal(series(SPEC, 1, entity)["label"], expected)
        assert not expected[: SPEC.quiet_steps].any()


@pytest.mark.parametrize(("kind", "lowest"), [("spikes", 6.0), ("level_shifts", 4.0)])
def test_spikes_and_shifts_change_the_labelled_columns_alone(kind: str, lowest: float) -> None:
    none = replace(SPEC, spikes=0, level_shifts=0, correlation_breaks=0)
    one = replace(none, **{kind: 1})
    # The only anomaly of the first entity is drawn after its series, which is therefore the same without it.
    clean, planted = series(none, 3, "a"), series(one, 3, "a")
    anomaly = simulate_metrics(one, 3).truth["anomalies"][0]
    inside = planted["label"] == 1
    for name in ("x", "y", "z"):
        change = planted[name] - clean[name]
        assert np.all(change[~inside] == 0.0)
        assert np.all((change[inside] >= lowest - 0.01) == (name in anomaly["columns"]))


def test_columns_move_together_but_for_a_correlation_break() -> None:
    none = replace(SPEC, spikes=0, level_shifts=0, correlation_breaks=0)
    clean = series(none, 4, "a")
    assert np.corrcoef([clean["x"], clean["y"], clean["z"]])[np.triu_indices(3, 1)].min() > 0.9
    breaking = replace(none, correlation_breaks=6, quiet_days=2.0)
    broken, anomalies = series(breaking, 4, "a"), simulate_metrics(breaking, 4).truth["anomalies"]
    inside = broken["label"] == 1
    assert all(len(anomaly["columns"]) == 2 for anomaly in anomalies)
    assert all(broken[name].min() > 15.0 and broken[name].max() < 120.0 for name in "xyz")
    load = {name: (broken[name] - column.base) / column.gain for name, column in zip("xyz", SPEC.columns, strict=True)}
    spread = np.std(list(load.values()), axis=0)
    assert np.median(spread[inside]) > 3 * np.median(spread[~inside])


def test_values_are_never_negative() -> None:
    low = replace(SPEC, columns=(MetricColumn("x", 0.5, 1.0, 0.5),), correlation_breaks=0)
    assert min(simulate_metrics(low, 5).table["x"].to_pylist()) == 0.0


def test_too_many_anomalies_for_the_series_are_refused() -> None:
    with pytest.raises(HistoryError, match="86 anomalies leave 3 steps to each, expected at least 24"):
        replace(SPEC, days=7, spikes=80)
