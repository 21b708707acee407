"""The demo: the story it tells, what it leaves in its folder, and what it leaves alone."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import alert_analytics as aa
from alert_analytics.cli import main
from alert_analytics.cli.demo_models import _series, _trained
from alert_analytics.cli.output import console, installed
from alert_analytics.scoring import OnnxScorer
from alert_analytics.training import train

CHARTS = ("recommendations", "trend", "correlation", "resolution")
SECOND_HALF = "What would a model have noticed?"


def flat(text: str) -> str:
    return " ".join(text.split())


@dataclass(frozen=True)
class Told:
    """What one demo of the sample printed, and where it left things."""

    out: str
    err: str
    where: Path
    folder: Path
    elsewhere: Path


@pytest.fixture(scope="module")
def told(small: Any, tmp_path_factory: pytest.TempPathFactory) -> Told:
    """The sample's demo with small models, once, where the environment names another registry."""
    where = tmp_path_factory.mktemp("demo")
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.chdir(where)
        patch.setattr(console, "_width", 80)
        patch.setattr("alert_analytics.cli.demo_models.TrainingSpec", small)
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{where}/theirs/mlflow.db")
        patch.setattr("sys.argv", ["alert-analytics", "demo", "--out", "made/here"])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code in (0, None)
    return Told(out.getvalue(), err.getvalue(), where, where / "made" / "here", where / "theirs")


def registry_of(told: Told) -> str:
    return f"sqlite:///{told.folder}/mlflow.db"


def scores_of(told: Told) -> list[dict[str, str]]:
    return list(csv.DictReader((told.folder / "scores.csv").read_text().splitlines()))


# -- the sample ---------------------------------------------------------------------------------------------------


def test_nothing_is_printed_aside_and_every_line_fits(told: Told) -> None:
    assert told.err == ""
    assert max(map(len, told.out.splitlines())) <= 80


def test_the_first_half_answers_the_questions(told: Told) -> None:
    said = flat(told.out)
    first = [
        said.index(f"{place}. {rule}: ")
        for place, rule in enumerate(["HighCpuUsage", "BgpSessionFlap", "SyntheticCheckFailed"], 1)
    ]
    assert first == sorted(first)
    for question in ("better or worse?", "what leads?", "take to resolve?", "to change first, and why"):
        assert question in said
    assert "PaymentTimeouts leads HighErrorRate" in said
    assert said.endswith("Your own file: alert-analytics inspect FILE")


def test_the_second_half_says_what_each_model_promises(told: Told) -> None:
    rows = [line.split() for line in told.out.splitlines() if line.startswith("alert-volume")]
    assert [row[0] for row in rows] == ["alert-volume", "alert-volume-autoencoder"]
    for name, windows, worth, rate, reach, promise in rows:
        manifest = OnnxScorer(
            aa.registry.model_bytes(f"models:/{name}@challenger", tracking_uri=registry_of(told))
        ).manifest
        assert (windows, worth, rate) == (f"{manifest.n:,}", f"{manifest.n_eff:,.0f}", f"{manifest.alpha:.0%}")
        assert manifest.certificate is not None
        assert promise == manifest.certificate["status"]
        assert reach == f"{manifest.certificate['n_flagged'] / manifest.certificate['m']:.2%}"


def test_the_planted_storm_is_among_the_windows_that_are_told(told: Told) -> None:
    said = flat(told.out).partition("scored by models:/alert-volume@challenger from the registry:")[2]
    windows, _, planted = said.partition("Planted in that time: ")
    assert planted.startswith("payments 2025-12-03 19:12 to 23:12.")
    assert windows.count(": score 0.") == 5
    assert "payments, Wed 03 Dec 2025" in windows
    [storm] = [
        one
        for one in aa.datasets.sample_truth()["alerts"]["storms"]
        if one["start"] >= min(row["window_end"] for row in scores_of(told)).replace(" ", "T")
    ]
    assert (storm["service"], storm["start"][:16], storm["end"][11:16]) == ("payments", "2025-12-03T19:12", "23:12")


def test_a_storm_is_told_once(told: Told) -> None:
    said = flat(told.out).partition("from the registry:")[2]
    assert said.count("payments, Wed 03 Dec 2025") == 1


def test_charts_tables_the_bundle_and_the_registry_lie_in_the_folder(told: Told) -> None:
    made = {path.name for path in told.folder.iterdir()}
    tables = {f"{name}.{kind}" for name in (*CHARTS, "scores") for kind in ("csv", "png")}
    assert made == tables | {"alert-volume", "mlflow.db", "mlartifacts"}
    for name in (*CHARTS, "scores"):
        assert (told.folder / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert len(list(csv.DictReader((told.folder / f"{name}.csv").read_text().splitlines()))) >= 5
    listed = flat(told.out).partition("Charts and tables in made/here: ")[2].partition(". Your own file")[0]
    assert set(listed.split(", ")) == tables | {"alert-volume/model.onnx"}


def test_the_scores_are_those_of_the_bundle(told: Told) -> None:
    scorer = OnnxScorer.load(told.folder / "alert-volume")
    windows = aa.alert_windows(aa.datasets.sample(), timedelta(hours=1), "service")
    test = windows.split_by_time(0.6, 0.2, 0.2)[2]
    scores = scorer.score(test.features, test.feature_names)
    rows = scores_of(told)
    assert [row["entity"] for row in rows] == test.entity.tolist()
    np.testing.assert_array_equal([float(row["raw"]) for row in rows], scores.raw)
    stored = aa.registry.model_bytes("models:/alert-volume/1", tracking_uri=registry_of(told))
    assert stored == (told.folder / "alert-volume" / "model.onnx").read_bytes()


def test_no_registry_but_the_demo_s_own_gets_a_version(told: Told) -> None:
    assert not told.elsewhere.exists()
    assert {path.name for path in told.where.iterdir()} == {"made"}
    for name in ("alert-volume", "alert-volume-autoencoder"):
        [version] = aa.registry.versions(name, tracking_uri=registry_of(told))
        assert (version.version, version.aliases) == (1, ("challenger",))
        assert flat(version.sentence).partition(" at ")[0] in flat(told.out)


def test_the_command_that_opens_the_registry_is_on_a_line_of_its_own(told: Told) -> None:
    assert "  mlflow ui --backend-store-uri sqlite:///made/here/mlflow.db" in told.out.splitlines()


# -- other histories ----------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("missing", ["onnx", "mlflow"])
def test_without_what_trains_the_first_half_is_told_and_how_to_get_the_second(
    missing: str, ordinary: Path, tmp_path: Path, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alert_analytics.cli.demo.installed", lambda name: name not in (missing, "altair"))
    ran = run("demo", "--history", ordinary, "--out", "out")
    assert (ran.code, ran.err) == (0, "")
    said = flat(ran.out.partition(SECOND_HALF)[2])
    assert f'Not installed: {missing}. pip install "alert-analytics[ml]"' in said
    assert "scores" not in said
    assert {path.suffix for path in (tmp_path / "out").iterdir()} == {".csv"}


def test_a_mere_folder_of_its_name_is_no_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "notreally").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    assert not installed("notreally")
    assert not installed("nothere")
    assert installed("numpy")


@pytest.mark.slow
def test_without_altair_the_demo_leaves_tables_and_says_how_to_get_charts(
    ordinary: Path, tmp_path: Path, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("demo", "demo_models"):
        monkeypatch.setattr(f"alert_analytics.cli.{module}.installed", lambda name: name != "altair")
    ran = run("demo", "--history", ordinary, "--out", "out")
    assert (ran.code, ran.err) == (0, "")
    assert 'Charts and tables in out: no charts: pip install "alert-analytics[viz]", scores.csv,' in flat(ran.out)
    left = {path.name for path in (tmp_path / "out").iterdir()}
    assert {f"{name}.csv" for name in (*CHARTS, "scores")} <= left
    assert not [name for name in left if name.endswith(".png")]
    assert "Planted in that time" not in ran.out  # nobody planted anything in a reader's own history


@pytest.mark.slow
def test_a_tiny_history_is_refused_in_words(drawn: Any, tmp_path: Path, run: Any) -> None:
    path = drawn(3, 30)
    n = len(aa.alert_windows(path, timedelta(hours=1)).split_by_time(0.6, 0.2, 0.2)[1])
    ran = run("demo", "--history", path, "--out", "out")
    assert (ran.code, ran.err) == (0, "")
    assert max(map(len, ran.out.splitlines())) <= 80
    said = flat(ran.out.partition(SECOND_HALF)[2])
    for name in ("alert-volume", "alert-volume-autoencoder"):
        assert f"none of {name}: {n} calibration windows are worth " in said
    assert said.count("a false-alarm rate of 0.01 with 95% confidence needs 299.") == 2
    assert not (tmp_path / "out" / "mlflow.db").exists()
    assert not (tmp_path / "out" / "scores.csv").exists()


def test_a_history_of_moments_has_no_windows(tmp_path: Path, run: Any) -> None:
    (tmp_path / "one.csv").write_text("rule,fired_at\ncpu,2025-01-05T10:00:00\n")
    ran = run("demo", "--history", "one.csv", "--out", "out")
    assert (ran.code, ran.err) == (0, "")
    assert flat(ran.out).count("Too few windows of 60 minutes: 0 to train on") == 2


@pytest.mark.slow
def test_a_shorter_history_promises_less(small: Any, drawn: Any) -> None:
    """Ten weeks do not suffice for one per cent; what they suffice for is promised."""
    history = aa.AlertHistory.open(drawn(70, 300))
    trained, refused = _trained(history, history.describe())
    assert refused == []
    assert [one.spec.name for one in trained] == ["alert-volume", "alert-volume-autoencoder"]
    for one in trained:
        n_eff = one.model.calibration.size.n_eff
        assert one.model.manifest.alpha == (0.02 if n_eff >= 149 else 0.05)
        assert 59 <= n_eff < 299
    with pytest.raises(aa.errors.CalibrationError):
        train(history, small("alert-volume", "isolation_forest", false_alarm_rate=0.01))


@pytest.mark.slow
def test_a_store_s_story(ordinary: Path, tmp_path: Path, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alert_analytics.cli.demo.installed", lambda name: False)
    assert run("ingest", ordinary, "--store", "s.duckdb").code == 0
    ran = run("demo", "--history", "s.duckdb", "--out", "out")
    assert ran.code == 0
    assert "The history: s.duckdb" in ran.out
    assert SECOND_HALF in ran.out
    assert (tmp_path / "out" / "trend.csv").is_file()


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"service": ["a", "b"], "team": ["x", "y"]}, ("service",)),
        ({"service": ["a"], "team": ["x", "y"]}, ("team",)),
        ({"team": [f"t{i}" for i in range(20)]}, ("team",)),
        ({"service": [f"s{i}" for i in range(21)]}, ()),
        ({"service": ["a", "b", "", "", ""]}, ()),
        ({}, ()),
    ],
)
def test_a_series_for_each_service_or_team_where_they_are_few(
    columns: dict[str, list[str]], expected: tuple[str, ...], tmp_path: Path
) -> None:
    header = ",".join(["rule", "fired_at", *columns])
    lines = [
        ",".join(
            ["cpu", f"2025-01-{1 + i % 28:02d}T00:00:00", *(values[i % len(values)] for values in columns.values())]
        )
        for i in range(210)
    ]
    (tmp_path / "some.csv").write_text("\n".join([header, *lines]) + "\n")
    assert _series(aa.AlertHistory.open(tmp_path / "some.csv").describe()) == expected


@pytest.mark.slow
def test_the_demo_leaves_out_a_history_s_thin_end(ordinary: Path, tmp_path: Path, run: Any) -> None:
    """An export cut by date of closing goes on for long with next to nothing in it."""
    text = ordinary.read_text()
    late = "".join(f"cpu,2025-{m:02d}-15T10:00:00,2025-{m:02d}-15T11:00:00,low\n" for m in range(5, 9))
    ordinary.write_text(text + late)
    ran = run("demo", "--history", ordinary, "--out", "out")
    assert ran.code == 0
    described = aa.AlertHistory.open(ordinary).describe()
    assert described.thin_from is not None
    kept = aa.AlertHistory.open(ordinary).where(until=described.thin_from).n_alerts
    assert f"the answers below are about the {kept:,} alerts before that day." in flat(ran.out)
    last = max(row["window_end"] for row in csv.DictReader((tmp_path / "out" / "scores.csv").read_text().splitlines()))
    assert datetime.fromisoformat(last) <= described.thin_from


@pytest.mark.slow
def test_the_real_demo_finds_the_planted_storm_first(tmp_path: Path) -> None:
    """With the models that a user gets, in a process of its own."""
    began = time.monotonic()
    command = [sys.executable, "-c", "from alert_analytics.cli import main; main()", "demo"]
    ran = subprocess.run(
        command,
        cwd=tmp_path,
        env=os.environ | {"COLUMNS": "80"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert time.monotonic() - began < 240
    assert max(map(len, ran.stdout.splitlines())) <= 80
    said = flat(ran.stdout).partition("from the registry: ")[2]
    assert said.startswith("payments, Wed 03 Dec 2025 ")
    folder = tmp_path / "alert-analytics-demo"
    manifest = json.loads((folder / "alert-volume" / "manifest.json").read_text())
    assert (manifest["parameters"]["n_trees"], manifest["alpha"]) == (200, 0.01)
    assert manifest["certificate"]["status"] == "certified"
