"""What README.md shows must run as it stands."""

from __future__ import annotations

import re
import shlex
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from typer.testing import CliRunner

from alert_analytics.cli.app import app

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


@pytest.mark.slow
def test_the_python_of_the_readme_runs_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, object] = {}
    for block in _blocks("python"):
        exec(compile(block, "README.md", "exec", dont_inherit=True), names)
    shown = capsys.readouterr().out
    assert "Change first HighCpuUsage" in shown
    assert "4 alerts read from 4 records of tabular: 2 new, 0 updated, 0 known already, 2 set aside" in shown
    assert "2 alerts read from 2 records of tabular: 1 new, 0 updated, 0 known already, 1 set aside" in shown
    assert "unknown severity 'vip'" in shown
    assert "resolved_at precedes fired_at" in shown
    assert "1 alert in 0 whole weeks: too short for a slope" in shown


def test_the_verbs_that_the_readme_lists_exist() -> None:
    listed = re.search(r"`alert-analytics (inspect \|.*?)`", README)
    assert listed is not None
    verbs = [verb.strip() for verb in listed[1].split("|")]
    for verb in verbs:
        assert CliRunner().invoke(app, [verb, "--help"]).exit_code == 0, verb


def test_the_analysis_in_the_shell_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    [line] = [line for block in _blocks("sh") for line in block.splitlines() if " trend " in line]
    answer = CliRunner().invoke(app, shlex.split(line)[1:])
    assert answer.exit_code == 0, answer.output
    assert '"direction": "increasing"' in answer.output


@pytest.mark.slow
def test_what_the_readme_brings_in_the_shell_is_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(ROOT)
    section = README.partition("## Bringing your alerts")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if re.match("alert-analytics (.*data/sample/|quarantine )", line)]
    assert len(lines) == 4
    for line in lines:
        words = shlex.split(line, comments=True)[1:]
        words = [str(tmp_path / word) if word.endswith(".duckdb") else word for word in words]
        answer = CliRunner().invoke(app, words)
        assert answer.exit_code == 0, answer.output
    assert "52 new" in answer.output


def test_every_source_is_in_the_readme() -> None:
    section = README.partition("### What alerting tools send")[2].partition("\n### ")[0]
    listed = set(re.findall(r"^\| `([a-z_]+)` \|", section, flags=re.MULTILINE))
    installed = {one.name for one in entry_points(group="alert_analytics.sources")}
    assert listed == installed - {"alertmanager_poll"}  # that is what a pull of Alertmanager reads


def test_the_make_targets_that_the_readme_names_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    named = set(re.findall(r"make ([a-z]+)", "\n".join(re.findall(r"`[^`]*`|^make .*", README, flags=re.MULTILINE))))
    assert named <= targets
    assert {"demo", "test", "check"} <= named
