"""What a specification says, what it leaves to the defaults, and what it must not say."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import alert_analytics as aa
from alert_analytics.detectors import AutoencoderDetector, Detector, IsolationForestDetector, PCADetector
from alert_analytics.errors import SettingsError
from alert_analytics.training import TrainingSpec
from alert_analytics.training.spec import check_keys, read_toml

ROOT = Path(__file__).resolve().parents[3]
MODELS = sorted(path.parent for path in ROOT.glob("models/*/spec.toml"))
OTHER = TrainingSpec(
    name="queue",
    detector="autoencoder",
    parameters={"hidden": 32, "noise": 0.25, "seed": 7},
    false_alarm_rate=0.02,
    delta=0.1,
    every_minutes=15.0,
    by=("service", "region of the DC"),
    length=4,
    timezone="Europe/Berlin",
    shares=(0.5, 0.3, 0.2),
)


def written(path: Path, **given: Any) -> Path:
    """A TOML file; JSON's texts, numbers and lists are TOML's."""
    tables = {key: value for key, value in given.items() if isinstance(value, dict)}
    lines = [f"{key} = {json.dumps(value)}" for key, value in given.items() if key not in tables]
    for key, table in tables.items():
        lines += [f"[{key}]", *(f"{name} = {json.dumps(value)}" for name, value in table.items())]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def refused(given: dict[str, Any], said: str, hint: str | None = None) -> None:
    with pytest.raises(SettingsError) as error:
        TrainingSpec.from_mapping({"name": "m", **given}, "spec.toml")
    assert (error.value.message, error.value.hint) == (f"spec.toml: {said}", hint)


def test_a_name_alone_is_a_specification(tmp_path: Path) -> None:
    spec = TrainingSpec.from_toml(written(tmp_path / "spec.toml", name="alert-volume"))
    assert spec == TrainingSpec("alert-volume")
    assert (spec.detector, spec.parameters) == ("isolation_forest", {})
    assert (spec.false_alarm_rate, spec.delta, spec.shares) == (0.01, 0.05, (0.6, 0.2, 0.2))
    assert (spec.every_minutes, spec.by, spec.length, spec.timezone) == (60.0, (), 1, "UTC")


def test_every_entry_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    said = {one.name: getattr(OTHER, one.name) for one in fields(TrainingSpec)}
    defaults = TrainingSpec("m")
    assert all(getattr(OTHER, name) != getattr(defaults, name) for name in said)
    read = TrainingSpec.from_toml(written(tmp_path / "spec.toml", **said))
    assert read == OTHER
    assert isinstance(read.by, tuple)
    assert isinstance(read.shares, tuple)


def test_a_single_column_is_one_column_and_not_its_letters() -> None:
    assert TrainingSpec.from_mapping({"name": "m", "by": "service"}, "spec.toml").by == ("service",)


@pytest.mark.parametrize(
    ("detector", "parameters", "made"),
    [
        ("isolation_forest", {"n_trees": 7, "seed": 0}, IsolationForestDetector(n_trees=7, seed=0)),
        ("autoencoder", {"noise": 0, "learning_rate": 1e-2}, AutoencoderDetector(noise=0, learning_rate=1e-2)),
        ("pca", {}, PCADetector()),
    ],
)
def test_the_detector_gets_its_parameters(detector: str, parameters: dict[str, Any], made: Detector) -> None:
    spec = TrainingSpec.from_mapping({"name": "m", "detector": detector, "parameters": parameters}, "spec.toml")
    assert spec.new_detector() == made


def test_a_key_that_nothing_reads_is_refused_with_the_one_that_was_meant(tmp_path: Path) -> None:
    refused({"every_minute": 5}, "nothing reads 'every_minute'.", "every_minutes?")
    refused({"n_trees": 5}, "nothing reads 'n_trees'.", f"known: {', '.join(f.name for f in fields(TrainingSpec))}.")
    path = written(tmp_path / "spec.toml", name="m", detectr="pca")
    with pytest.raises(SettingsError, match=re.escape(f"{path}: nothing reads 'detectr'. Hint: detector?")):
        TrainingSpec.from_toml(path)


def test_a_parameter_that_the_detector_does_not_have() -> None:
    refused({"parameters": {"trees": 5}}, "[parameters] of isolation_forest: nothing reads 'trees'.", "n_trees?")
    refused(
        {"detector": "pca", "parameters": {"seed": 1}},
        "[parameters] of pca: nothing reads 'seed'.",
        "known: variance.",
    )


@pytest.mark.parametrize(
    ("detector", "name", "value", "expected"),
    [
        ("isolation_forest", "n_trees", "many", "a whole number, at least 1"),
        ("isolation_forest", "n_trees", 0, "a whole number, at least 1"),
        ("isolation_forest", "n_trees", 10.0, "a whole number, at least 1"),
        ("isolation_forest", "n_trees", True, "a whole number, at least 1"),
        ("isolation_forest", "max_samples", -5, "a whole number, at least 1"),
        ("isolation_forest", "seed", -1, "a whole number, at least 0"),
        ("autoencoder", "hidden", 0, "a whole number, at least 1"),
        ("autoencoder", "learning_rate", "fast", "a number, at least 0"),
        ("autoencoder", "noise", -0.5, "a number, at least 0"),
        ("autoencoder", "noise", float("nan"), "a number, at least 0"),
        ("pca", "variance", float("inf"), "a number, at least 0"),
        ("pca", "variance", [0.5], "a number, at least 0"),
    ],
)
def test_a_parameter_that_nothing_can_be_trained_by(detector: str, name: str, value: Any, expected: str) -> None:
    refused(
        {"detector": detector, "parameters": {name: value}},
        f"[parameters] of {detector}: {name}={value!r}; expected {expected}.",
    )


def test_a_detector_takes_numpy_s_numbers() -> None:
    assert IsolationForestDetector(n_trees=np.int64(5)).n_trees == 5
    assert PCADetector(variance=np.float32(0.5)).variance == 0.5


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("name", 5, "a text"),
        ("detector", 5, "one of isolation_forest, autoencoder, pca"),
        ("detector", "isolation-forest", "one of isolation_forest, autoencoder, pca"),
        ("parameters", 5, "a table of the detector's parameters"),
        ("false_alarm_rate", 0, "a share between 0 and 1"),
        ("false_alarm_rate", "0.01", "a share between 0 and 1"),
        ("delta", 1, "a share between 0 and 1"),
        ("every_minutes", "60", "a positive number of minutes"),
        ("every_minutes", 0, "a positive number of minutes"),
        ("every_minutes", float("nan"), "a positive number of minutes"),
        ("every_minutes", float("inf"), "a positive number of minutes"),
        ("every_minutes", 1e9, "a positive number of minutes"),
        ("every_minutes", True, "a positive number of minutes"),
        ("by", 5, "columns or labels, each a text"),
        ("by", ["service", 5], "columns or labels, each a text"),
        ("length", 0, "a whole number of buckets, at least 1"),
        ("length", 1.0, "a whole number of buckets, at least 1"),
        ("timezone", 1, "the name of a time zone"),
        ("shares", 0.6, "three, at most 1 together: to train, to calibrate, to test"),
        ("shares", [0.6, 0.4], "three, at most 1 together: to train, to calibrate, to test"),
        ("shares", [0.25, 0.25, 0.25, 0.25], "three, at most 1 together: to train, to calibrate, to test"),
        ("shares", [0.6, 0.3, 0.2], "three, at most 1 together: to train, to calibrate, to test"),
        ("shares", [0.6, 0.4, 0.0], "three, at most 1 together: to train, to calibrate, to test"),
        ("shares", [0.6, "0.2", 0.2], "three, at most 1 together: to train, to calibrate, to test"),
    ],
)
def test_a_value_that_means_nothing(key: str, value: Any, expected: str) -> None:
    refused({key: value}, f"{key}={value!r}; expected {expected}.")


def test_a_model_has_a_name(tmp_path: Path) -> None:
    path = written(tmp_path / "spec.toml", detector="pca")
    with pytest.raises(SettingsError, match=re.escape(f'{path}: no name. Hint: name = "alert-volume"')):
        TrainingSpec.from_toml(path)


@pytest.mark.parametrize("content", [b"name = = 1", b"\xff\xfe\x00"])
def test_a_file_that_is_no_toml(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "spec.toml").write_bytes(content)
    with pytest.raises(SettingsError, match=r"spec\.toml: not a TOML file \("):
        TrainingSpec.from_toml(tmp_path / "spec.toml")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    said = f"{tmp_path / 'none.toml'}: No such file or directory. Hint: give the path of a TOML file."
    with pytest.raises(SettingsError, match=re.escape(said)):
        TrainingSpec.from_toml(tmp_path / "none.toml")
    with pytest.raises(SettingsError, match=re.escape(f"{tmp_path}: Is a directory.")):
        read_toml(tmp_path)


def test_a_key_that_is_needed() -> None:
    check_keys({"a": 1}, ["a", "b"], "file", ["a"])
    with pytest.raises(SettingsError, match=re.escape("file: no b. Hint: it needs a, b.")):
        check_keys({"a": 1}, ["a", "b"], "file", ["a", "b"])


def test_the_windows_are_those_that_the_specification_names() -> None:
    sample = aa.datasets.sample().tenant("globex")
    spec = TrainingSpec("m", every_minutes=360, by=("service",), length=2, timezone="Asia/Tokyo")
    made = spec.windows(sample)
    same = aa.alert_windows(sample, timedelta(hours=6), "service", 2, "Asia/Tokyo")
    np.testing.assert_array_equal(made.features, same.features)
    assert made.recipe == same.recipe
    assert set(TrainingSpec("m", every_minutes=360).windows(sample).entity) == {"all"}


def test_there_is_a_model_to_look_at() -> None:
    assert [folder.name for folder in MODELS] == ["alert-volume"]


@pytest.mark.parametrize("folder", MODELS, ids=[folder.name for folder in MODELS])
def test_the_repository_s_models_have_a_specification_of_their_name_and_a_card_that_agrees(folder: Path) -> None:
    spec = TrainingSpec.from_toml(folder / "spec.toml")
    assert spec.name == folder.name
    spec.new_detector()
    card = (folder / "CARD.md").read_text(encoding="utf-8")
    assert spec.detector.replace("_", " ") in card
    assert f"{spec.false_alarm_rate:.0%}".replace("%", " %") in card.replace("\n", " ")


def test_alert_volume_is_an_hourly_forest_by_service() -> None:
    spec = TrainingSpec.from_toml(ROOT / "models" / "alert-volume" / "spec.toml")
    assert spec == TrainingSpec("alert-volume", parameters={"n_trees": 200, "seed": 0}, by=("service",))
    assert spec.new_detector() == IsolationForestDetector()
