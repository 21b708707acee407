"""Every notebook runs in a real kernel of this very Python, and is the twin of its py:percent source."""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import jupytext
import nbformat
import pytest
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import start_new_kernel
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
NOTEBOOKS = sorted(path.stem for path in FOLDER.glob("*.ipynb"))
KERNEL = "alert-analytics-tests"
SVG = "{http://www.w3.org/2000/svg}"
MARKS = {"bar", "line mark", "area mark", "rule", "rule mark", "tick"}


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A kernel that is this Python, whatever kernels and start-up files the user has."""
    spec = tmp_path / "kernels" / KERNEL / "kernel.json"
    spec.parent.mkdir(parents=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec.write_text(json.dumps({"argv": argv, "display_name": KERNEL, "language": "python"}), encoding="utf-8")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    return KERNEL


@pytest.fixture
def client(kernel: str, tmp_path: Path) -> Iterator[BlockingKernelClient]:
    """A running kernel, away from the repository, to talk to."""
    manager, client = start_new_kernel(kernel_name=kernel, startup_timeout=120, cwd=str(tmp_path))
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def completions(client: BlockingKernelClient, code: str) -> set[str]:
    """What the line could become by pressing Tab at its end."""
    content = client.complete(code, len(code), reply=True, timeout=60)["content"]
    assert content["status"] == "ok"
    before, after = code[: content["cursor_start"]], code[content["cursor_end"] :]
    return {before + match + after for match in content["matches"]}


def marks(output: nbformat.NotebookNode) -> int:
    """How many marks of data a cell's output draws; 0 where it is no chart."""
    drawn = output.get("data", {}).get("image/svg+xml")
    if drawn is None:
        return 0
    elements = ElementTree.fromstring(drawn).iter()
    return sum(element.get("aria-roledescription") in MARKS for element in elements)


def test_there_is_a_notebook() -> None:
    assert "00_tour" in NOTEBOOKS


@pytest.mark.slow
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_runs_in_a_kernel_and_ends_in_a_picture(name: str, kernel: str, tmp_path: Path) -> None:
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    NotebookClient(
        notebook, kernel_name=kernel, timeout=120, startup_timeout=120, resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    # A warning is written there; raised errors end the execution.
    assert [output.text for output in outputs if output.get("name") == "stderr"] == []
    assert sum(marks(output) > 0 for output in outputs) >= 1
    assert marks(notebook.cells[-1].outputs[-1]) > 0


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_is_paired_with_its_source(name: str) -> None:
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    source = jupytext.read(FOLDER / f"{name}.py")
    assert notebook.metadata.jupytext.formats == "ipynb,py:percent"
    assert [(cell.cell_type, cell.source) for cell in notebook.cells] == [
        (cell.cell_type, cell.source) for cell in source.cells
    ]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_holds_no_outputs(name: str) -> None:
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.source for cell in code if cell.outputs or cell.execution_count is not None] == []


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_defines_no_function(name: str) -> None:
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    # A semicolon at the end of a cell hides its value, and is Python too.
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
    assert [node.lineno for node in ast.walk(ast.parse(code)) if isinstance(node, definitions)] == []


@pytest.mark.slow
def test_completion_knows_the_public_names(client: BlockingKernelClient) -> None:
    reply = client.execute_interactive("import alert_analytics as aa", timeout=120, output_hook=print)
    assert reply["content"]["status"] == "ok"
    assert {"aa.TrendAnalysis", "aa.AlertStore", "aa.CorrelationAnalysis"} <= completions(client, "aa.")
    assert completions(client, "aa.Tr") == {"aa.TrendAnalysis"}
    assert "aa.TrendAnalysis.from_alerts" in completions(client, "aa.TrendAnalysis.from_")


@pytest.mark.slow
def test_completion_knows_the_public_names_before_the_import_has_run(client: BlockingKernelClient) -> None:
    line = "import alert_analytics as aa\naa.Tr"
    assert "import alert_analytics as aa\naa.TrendAnalysis" in completions(client, line)
