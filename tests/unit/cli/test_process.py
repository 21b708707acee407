"""The installed command in a process of its own: streams, exit codes, a lock, and a printed command run unchanged."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import alert_analytics as aa

BIN = Path(sys.executable).parent
ENVIRONMENT = os.environ | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "80"}


def shell(command: str, where: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, shell=True, cwd=where, env=ENVIRONMENT, capture_output=True, text=True, timeout=120, check=False
    )


def inspected(path: Path, where: Path) -> list[str]:
    """The commands that ``inspect`` prints for a file."""
    ran = shell(f"alert-analytics inspect {path.name}", where)
    assert (ran.returncode, ran.stderr) == (0, "")
    return ran.stdout.partition("In the shell:")[2].strip().splitlines()


@pytest.mark.slow
def test_the_command_that_inspect_prints_runs_unchanged(foreign: Path, tmp_path: Path) -> None:
    ingest, demo = inspected(foreign, tmp_path)
    ran = shell(ingest, tmp_path)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "300 new" in " ".join(ran.stdout.split())
    assert demo == "alert-analytics demo --history alerts.duckdb"


@pytest.mark.slow
def test_both_commands_that_inspect_prints_run_unchanged(foreign: Path, tmp_path: Path) -> None:
    ran = shell("\n".join(inspected(foreign, tmp_path)), tmp_path)
    assert (ran.returncode, ran.stderr) == (0, "")
    told = " ".join(ran.stdout.split())
    assert "300 new" in told
    assert "The three alerts to change first, and why" in told
    assert "What would a model have noticed?" in told
    assert "990 calibration windows are worth" in told


def test_an_error_ends_with_one_and_without_a_traceback(tmp_path: Path) -> None:
    ran = shell("alert-analytics trend missing.csv", tmp_path)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == (
        "error: missing.csv: no such file.\nhint: give a path, or a glob in quotes, that names one.\n"
    )


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["trend {store}", "describe {store}", "ingest {file} --store {store}"])
def test_a_store_that_another_process_holds(verb: str, ordinary: Path, tmp_path: Path) -> None:
    with aa.AlertStore.open(tmp_path / "held.duckdb") as held:
        held.ingest(ordinary)
        ran = shell("alert-analytics " + verb.format(store="held.duckdb", file=ordinary.name), tmp_path)
    assert (ran.returncode, ran.stdout) == (1, "")
    error, hint = ran.stderr.splitlines()
    assert error.startswith("error: held.duckdb: another process holds the store")
    assert hint.startswith("hint: wait for it to finish or close it there")
    assert shell("alert-analytics trend held.duckdb", tmp_path).returncode == 0


@pytest.mark.slow
def test_what_a_program_reads_is_alone_on_its_stream(drawn: object, tmp_path: Path) -> None:
    path = drawn(70, 100, severities=("high", "P9"))  # type: ignore[operator]
    ran = shell(f"alert-analytics resolve {path.name} --json", tmp_path)
    assert json.loads(ran.stdout)["rows"]
    assert ran.stderr.startswith("note: ")
    closed = shell(f"alert-analytics correlate {path.name} --csv | true", tmp_path)
    assert "Traceback" not in closed.stderr
