"""Training, exporting and scoring from the shell: what a reader sees, what a program gets, and every refusal."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from datetime import timedelta
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import pytest

import alert_analytics as aa
from alert_analytics.cli.output import console
from alert_analytics.scoring import OnnxScorer
from alert_analytics.training import TrainedModel, TrainingSpec, register_trained, score_history, train

SAMPLE = aa.datasets.sample_path() / "alerts.parquet"
ACME = (SAMPLE, "--tenant", "acme")
SMALL = 'name = "small"\nby = ["service"]\n[parameters]\nn_trees = 10\n'
ADDRESS = "models:/small@challenger"
BLOCKED = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name == {package!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Missing())
from alert_analytics.cli import main
sys.argv = ["alert-analytics", *{words!r}]
main()
"""


@pytest.fixture(scope="module")
def trained() -> TrainedModel:
    """Ten trees on the sample's hours."""
    return train(
        aa.datasets.sample().tenant("acme"), TrainingSpec("small", parameters={"n_trees": 10}, by=("service",))
    )


@pytest.fixture(scope="module")
def place(trained: TrainedModel, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A registry that has it."""
    uri = f"sqlite:///{tmp_path_factory.mktemp('registry')}/mlflow.db"
    register_trained(trained, alias="challenger", tracking_uri=uri)
    return uri


@pytest.fixture
def registered(place: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The registry is the one of the environment."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", place)
    return place


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No registry but that of the folder."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    (tmp_path / "small.toml").write_text(SMALL)


@pytest.fixture
def bundle(trained: TrainedModel, tmp_path: Path) -> Path:
    return trained.model.export(tmp_path / "bundle")


def flat(text: str) -> str:
    return " ".join(text.split())


def fits(text: str) -> bool:
    return max(map(len, text.splitlines())) <= 80


def refused(ran: Any, said: str, hint: str | None = None) -> None:
    """Nothing but the message and its hint, and those on the error stream."""
    assert ran.code == 1
    assert ran.out.strip() == ""
    lines = ran.err.splitlines()
    assert lines[0].startswith("error: ")
    assert said in lines[0]
    assert "Traceback" not in ran.err
    assert len(lines) == (1 if hint is None else 2)
    if hint is not None:
        assert lines[1].startswith("hint: ")
        assert hint in lines[1]


# -- train --------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_train_says_what_is_promised_and_registers_beside_the_reader(
    trained: TrainedModel, tmp_path: Path, run: Any
) -> None:
    ran = run("train", *ACME, "--spec", "small.toml", "--out", "made/small")
    assert (ran.code, ran.err) == (0, "")
    assert fits(ran.out)
    told = flat(ran.out)
    assert told.startswith(flat(trained.model.explain_threshold()))
    assert "Version 1 of small, known as challenger, is models:/small/1 at" in told
    assert told.endswith("Bundle: made/small")
    assert (tmp_path / "mlflow.db").is_file()
    assert aa.registry.model_bytes("models:/small/1") == (tmp_path / "made" / "small" / "model.onnx").read_bytes()
    assert OnnxScorer.load(tmp_path / "made" / "small").manifest == trained.model.manifest


def test_train_can_leave_the_registry_alone(trained: TrainedModel, tmp_path: Path, run: Any) -> None:
    before = set(tmp_path.iterdir())
    ran = run("train", *ACME, "--spec", "small.toml", "--no-register")
    assert (ran.code, ran.err) == (0, "")
    assert flat(ran.out) == flat(trained.model.explain_threshold())
    assert set(tmp_path.iterdir()) == before
    ran = run("train", *ACME, "--spec", "small.toml", "--no-register", "--out", "out")
    assert flat(ran.out) == f"{flat(trained.model.explain_threshold())} Bundle: out"
    assert set(tmp_path.iterdir()) - before == {tmp_path / "out"}
    assert OnnxScorer.load(tmp_path / "out").manifest == trained.model.manifest


SPEC = TrainingSpec("small", parameters={"n_trees": 10}, by=("service",))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], TrainingSpec("alert-volume")),
        (["--by", "service", "--by", "team"], TrainingSpec("alert-volume", by=("service", "team"))),
        (["--spec", "small.toml"], SPEC),
        (["--spec", "small.toml", "--name", "mine"], TrainingSpec("mine", parameters={"n_trees": 10}, by=("service",))),
        (
            ["--spec", "small.toml", "--every-minutes", "15", "--false-alarm-rate", "0.05", "--by", "team"],
            TrainingSpec("small", "isolation_forest", {"n_trees": 10}, 0.05, every_minutes=15.0, by=("team",)),
        ),
        (
            ["--spec", "small.toml", "--detector", "isolation_forest"],
            SPEC,
        ),
        # Another detector has other parameters.
        (["--spec", "small.toml", "--detector", "pca"], TrainingSpec("small", "pca", by=("service",))),
        (["--detector", "autoencoder"], TrainingSpec("alert-volume", "autoencoder")),
    ],
)
def test_options_win_over_the_specification(
    options: list[str], expected: TrainingSpec, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr("alert_analytics.cli.models.train_model", lambda *given: asked.append(given))
    assert run("train", SAMPLE, *options).code == 0
    [(history, spec, alias, out, registers)] = asked
    assert spec == expected
    assert history.n_alerts == 19_316
    assert (alias, out, registers) == ("challenger", None, True)


def test_the_other_options_of_train(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr("alert_analytics.cli.models.train_model", lambda *given: asked.append(given))
    assert run("train", *ACME, "--alias", "candidate", "--out", "x", "--no-register").code == 0
    [(history, _, alias, out, registers)] = asked
    assert history.n_alerts == 17_079
    assert (alias, out, registers) == ("candidate", Path("x"), False)


# -- score --------------------------------------------------------------------------------------------------------


def test_score_shows_a_reader_the_most_anomalous_windows(registered: str, trained: TrainedModel, run: Any) -> None:
    ran = run("score", *ACME, "--model", ADDRESS)
    assert (ran.code, ran.err) == (0, "")
    assert fits(ran.out)
    scores = score_history(OnnxScorer(trained.model.graph.SerializeToString()), aa.datasets.sample().tenant("acme"))
    assert flat(ran.out).startswith(flat(scores.sentence))
    top = scores.most_anomalous(10, apart=3)
    shown = [line.split() for line in ran.out.splitlines() if line.rstrip().endswith((" yes", " no"))]
    rows = scores.table.take(top).to_pylist()
    assert [row[0] for row in shown] == [row["entity"] for row in rows]
    assert [" ".join(row[1:3]) for row in shown] == [str(row["window_end"]) for row in rows]
    for row in top[:3]:
        assert flat(scores.describe(row)) in flat(ran.out)


def test_json_and_csv_are_every_window(registered: str, trained: TrainedModel, run: Any) -> None:
    scores = score_history(OnnxScorer(trained.model.graph.SerializeToString()), aa.datasets.sample().tenant("acme"))
    told = json.loads(run("score", *ACME, "--model", ADDRESS, "--json").out)
    assert told["sentence"] == scores.sentence
    assert told["settings"] == json.loads(json.dumps(scores.settings, default=lambda moment: moment.isoformat()))
    assert told["settings"]["certificate"]["status"] in ("certified", "inconclusive", "suspect")
    expected = [row | {"window_end": row["window_end"].isoformat()} for row in scores.table.to_pylist()]
    assert told["rows"] == expected
    ran = run("score", *ACME, "--model", ADDRESS, "--csv")
    read = list(csv.DictReader(io.StringIO(ran.out)))
    assert list(read[0]) == scores.table.column_names
    assert [float(row["raw"]) for row in read] == [row["raw"] for row in expected]
    assert [row["is_anomaly"] == "true" for row in read] == [row["is_anomaly"] for row in expected]
    assert [row["entity"] for row in read] == [row["entity"] for row in expected]


def test_a_program_gets_an_empty_history_s_scores_too(bundle: Path, run: Any) -> None:
    nothing = ("--where", "rule == 'nothing'")
    ran = run("score", *ACME, *nothing, "--model", bundle)
    assert (ran.code, ran.out, ran.err) == (0, "There is no window to score.\n", "")
    assert json.loads(run("score", *ACME, *nothing, "--model", bundle, "--json").out)["rows"] == []
    assert len(run("score", *ACME, *nothing, "--model", bundle, "--csv").out.splitlines()) == 1


def test_a_part_of_the_history_is_scored_where_it_is_narrowed(bundle: Path, run: Any) -> None:
    narrowed = run("score", *ACME, "--where", "service == 'web'", "--since", "2025-12-01", "--model", bundle, "--json")
    rows = json.loads(narrowed.out)["rows"]
    assert {row["entity"] for row in rows} == {"web"}
    assert min(row["window_end"] for row in rows) > "2025-12-01T00:00:00"


def test_names_are_printed_as_they_are(bundle: Path, tmp_path: Path, run: Any) -> None:
    lines = ["rule,service,severity,fired_at"]
    lines += [f'r,"[bold]a[/bold] :bug: \x1b[2J",high,2025-01-0{1 + i // 24}T{i % 24:02d}:00:00' for i in range(90)]
    (tmp_path / "odd.csv").write_text("\n".join(lines) + "\n")
    ran = run("score", "odd.csv", "--model", bundle)
    assert ran.code == 0
    assert "[bold]a[/bold] :bug: ·[2J" in flat(ran.out)
    assert "\x1b" not in ran.out


# -- export -------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_an_exported_model_scores_as_the_registered_one(
    registered: str, trained: TrainedModel, tmp_path: Path, run: Any
) -> None:
    ran = run("export", ADDRESS, "out/small")
    assert (ran.code, ran.err) == (0, "")
    assert fits(ran.out)
    assert flat(ran.out).startswith(
        "out/small: isolation forest of 13 features; at most 1.00% of normal windows reach 0.85."
    )
    assert {path.name for path in (tmp_path / "out" / "small").iterdir()} == {"model.onnx", "manifest.json"}
    answers = {
        run("score", *ACME, "--model", model, "--json").out
        for model in (ADDRESS, "models:/small/1", "out/small", "out/small/model.onnx")
    }
    assert len(answers) == 1
    assert len(json.loads(answers.pop())["rows"]) == 16_116


def test_an_export_replaces_a_bundle(registered: str, bundle: Path, run: Any) -> None:
    (bundle / "model.onnx").write_bytes(b"old")
    assert run("export", ADDRESS, bundle).code == 0
    assert OnnxScorer.load(bundle).manifest.n > 0


# -- what goes wrong ----------------------------------------------------------------------------------------------


def calibrating(history: Any, by: str | None = None) -> int:
    """How many of a history's hours a model is calibrated with."""
    return len(aa.alert_windows(history, timedelta(hours=1), by).split_by_time(0.6, 0.2, 0.2)[1])


def test_ten_alerts(tmp_path: Path, run: Any) -> None:
    lines = [f"r{i % 3},2025-01-0{1 + i % 9}T0{i}:00:00" for i in range(10)]
    (tmp_path / "ten.csv").write_text("\n".join(["rule,fired_at", *lines]))
    n = calibrating(tmp_path / "ten.csv")
    assert 30 < n < 60
    ran = run("train", "ten.csv")
    refused(ran, f"{n} calibration windows are worth ", "a longer history")
    assert "independent ones" in ran.err
    assert "a false-alarm rate of 0.01 with 95% confidence needs 299." in ran.err
    assert not (tmp_path / "mlflow.db").exists()


def test_one_alert(tmp_path: Path, run: Any) -> None:
    (tmp_path / "one.csv").write_text("rule,fired_at\ncpu,2025-01-05T10:00:00\n")
    said = "Too few windows of 60 minutes: 0 to train on, 0 to calibrate with, 0 to test"
    refused(run("train", "one.csv"), said, "a longer history, or a smaller every_minutes.")


def test_a_history_too_short_for_the_rate_says_which_is_within_reach(tmp_path: Path, run: Any) -> None:
    ran = run("train", *ACME, "--spec", "small.toml", "--false-alarm-rate", "0.001", "--out", "out")
    n = calibrating(aa.datasets.sample().tenant("acme"), "service")
    assert 3_200 < n < 3_230
    refused(ran, f"{n:,} calibration windows are worth ", "--false-alarm-rate 0.01 is within reach")
    assert "a false-alarm rate of 0.001 with 95% confidence needs 2,995." in ran.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--every-minutes", "0"], "every_minutes=0.0; expected a positive number of minutes."),
        (["--every-minutes", "nan"], "every_minutes=nan; expected a positive number of minutes."),
        (["--every-minutes", "inf"], "every_minutes=inf; expected a positive number of minutes."),
        (["--false-alarm-rate", "2"], "false_alarm_rate=2.0; expected a share between 0 and 1."),
        (["--false-alarm-rate", "nan"], "false_alarm_rate=nan; expected a share between 0 and 1."),
        (["--detector", "forest"], "detector='forest'; expected one of isolation_forest, autoencoder, pca."),
    ],
)
def test_an_option_that_makes_no_sense(options: list[str], said: str, run: Any) -> None:
    refused(run("train", SAMPLE, *options), f"alert-analytics train: {said}")


@pytest.mark.parametrize(
    ("options", "said", "hint"),
    [
        (["--name", "a/b"], "--name 'a/b'; expected up to 200 letters", "--name alert-volume."),
        (["--name", ""], "--name ''; expected up to 200 letters", "--name alert-volume."),
        (["--alias", "v1"], "--alias 'v1' is reserved by MLflow", "--alias challenger"),
        (["--spec", "none.toml"], "none.toml: No such file or directory.", "give the path of a TOML file."),
        (["--by", "nothere"], "No column or label 'nothere'", "case-sensitive"),
    ],
)
def test_a_mistake_is_told_before_the_long_work(
    options: list[str], said: str, hint: str, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*given: object) -> None:
        raise AssertionError("it trains")

    monkeypatch.setattr("alert_analytics.detectors.IsolationForestDetector.fit", never)
    refused(run("train", SAMPLE, *options), said, hint)


def test_a_specification_with_a_mistake(tmp_path: Path, run: Any) -> None:
    (tmp_path / "bad.toml").write_text('name = "m"\ndetectr = "pca"\n')
    refused(run("train", SAMPLE, "--spec", "bad.toml"), "bad.toml: nothing reads 'detectr'.", "detector?")


def test_a_file_that_is_no_bundle(tmp_path: Path, run: Any) -> None:
    (tmp_path / "some.onnx").write_bytes(b"hello")
    refused(run("score", *ACME, "--model", "some.onnx"), "some.onnx: onnxruntime cannot load it", "no exported model")
    refused(run("score", *ACME, "--model", "none"), "none: No such file or directory.", "models:/NAME@ALIAS")
    (tmp_path / "folder").mkdir()
    refused(run("score", *ACME, "--model", "folder"), "folder/model.onnx: No such file", "model.export()")


def test_a_bundle_that_somebody_altered(bundle: Path, run: Any) -> None:
    said = json.loads((bundle / "manifest.json").read_text())
    (bundle / "manifest.json").write_text(json.dumps(said | {"alpha": 0.5}))
    ran = run("score", *ACME, "--model", bundle)
    refused(ran, "differs from the model beside it in alpha.", "export the model again")


def test_a_registry_that_is_not_there(tmp_path: Path, run: Any) -> None:
    said = f"There is no registry at {tmp_path / 'mlflow.db'}."
    refused(run("score", *ACME, "--model", ADDRESS), said, "MLFLOW_TRACKING_URI")
    refused(run("export", ADDRESS, "out"), said, "MLFLOW_TRACKING_URI")
    assert not (tmp_path / "mlflow.db").exists()
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("address", "said", "hint"),
    [
        ("models:/small@champion", "has no alias 'champion'.", "its aliases: challenger (version 1)"),
        ("models:/small/7", "has no version 7.", "there are: 1."),
        ("models:/other@challenger", "other", None),
        ("models:/small", "'models:/small' is no address of a model", "models:/alert-volume@champion"),
    ],
)
def test_a_model_that_the_registry_does_not_have(
    address: str, said: str, hint: str | None, registered: str, tmp_path: Path, run: Any
) -> None:
    for words in (("score", *ACME, "--model", address), ("export", address, "out")):
        ran = run(*words)
        refused(ran, said, "" if hint is None else hint)
    assert not (tmp_path / "out").exists()


def test_a_model_of_metrics_scores_no_alerts(tmp_path: Path, run: Any) -> None:
    metrics = aa.datasets.sample_metrics()
    columns = [name for name in metrics.column_names if name not in ("entity", "t", "label")]
    windows = aa.metric_windows(metrics, entity="entity", time="t", columns=columns, length=1)
    learn, calibrate = windows.split_by_time(0.5, 0.5)
    aa.PCADetector().fit(learn).calibrate(calibrate, false_alarm_rate=0.2).export(tmp_path / "metrics")
    refused(run("score", *ACME, "--model", "metrics"), "was trained on metric windows", "scorer.score()")


def test_an_export_into_a_file(registered: str, tmp_path: Path, run: Any) -> None:
    (tmp_path / "file").write_text("")
    refused(run("export", ADDRESS, "file"), "file: the bundle cannot be written", "give a folder of yours.")


def test_json_and_csv_exclude_each_other(bundle: Path, run: Any) -> None:
    refused(run("score", *ACME, "--model", bundle, "--json", "--csv"), "--json and --csv exclude each other.")


def test_score_needs_a_model(run: Any) -> None:
    ran = run("score", SAMPLE)
    assert ran.code == 2
    assert "--model" in ran.err


# -- what is not installed ----------------------------------------------------------------------------------------


def test_without_mlflow_nothing_is_trained_for_a_registry(
    tmp_path: Path, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr("alert_analytics.registry.connection.version", missing)
    hint = 'pip install "alert-analytics[ml]"'
    said = "The model registry needs MLflow, which is not installed."
    refused(run("train", *ACME, "--spec", "small.toml"), said, hint)
    refused(run("export", ADDRESS, "out"), said, hint)
    ran = run("train", *ACME, "--spec", "small.toml", "--no-register", "--out", "out")
    assert ran.code == 0
    assert run("score", *ACME, "--model", "out").code == 0


@pytest.mark.parametrize(
    ("package", "words", "what"),
    [
        ("sklearn", ["train", str(SAMPLE)], "alert-analytics train"),
        pytest.param(
            "torch",
            ["train", str(SAMPLE), "--detector", "autoencoder"],
            "alert-analytics train",
            marks=pytest.mark.slow,
        ),
        ("onnxruntime", ["score", str(SAMPLE), "--model", "bundle"], "registry"),
    ],
)
def test_without_what_trains_or_scores_the_error_says_how_to_get_it(
    package: str, words: list[str], what: str, tmp_path: Path
) -> None:
    code = BLOCKED.format(package=package, words=words)
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == (
        f'error: {what} needs {package}, which is not installed.\nhint: pip install "alert-analytics[ml]"\n'
    )


@pytest.mark.slow
def test_the_forest_is_trained_without_torch(tmp_path: Path) -> None:
    (tmp_path / "small.toml").write_text(SMALL)
    words = ["train", *map(str, ACME), "--spec", "small.toml", "--no-register"]
    code = BLOCKED.format(package="torch", words=words)
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("0.85 stands at a raw score of ")


def test_every_verb_has_help_that_fits(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(console, "_width", 80)
    for verb in ("train", "export", "score"):
        ran = run(verb, "--help")
        assert ran.code == 0
        assert f"Usage: alert-analytics {verb}" in ran.out
        assert fits(ran.out)
