"""JSON files: the source that reads them is named, and the lines proposed read them."""

from __future__ import annotations

import gzip
import json
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

import alert_analytics as aa
from alert_analytics.cli.app import app
from alert_analytics.errors import SourceError
from alert_analytics.sources import inspect_file

PAYLOADS = Path(__file__).resolve().parents[2] / "payloads"
KNOWN = sorted(str(path.relative_to(PAYLOADS)) for path in PAYLOADS.glob("*/*.json"))
OTHER = {"prometheus/error.json", "prometheus/instant.json"}


@pytest.mark.parametrize("name", sorted(set(KNOWN) - OTHER))
def test_the_vendors_payloads_are_recognised(name: str) -> None:
    path = PAYLOADS / name
    found = inspect_file(path)
    assert found.source == path.parent.name
    assert found.tabular is None
    assert found.command == f"alert-analytics ingest {path} --store alerts.duckdb --source {found.source}"
    assert f"of {found.source}; read it with that source." in found.sentence


def test_an_organisation_tells_grafana_from_alertmanager_where_no_version_does(tmp_path: Path) -> None:
    for source in ("alertmanager", "grafana"):
        payload = json.loads((PAYLOADS / source / "firing.json").read_text(encoding="utf-8"))
        del payload["version"]
        (tmp_path / "a.json").write_text(json.dumps(payload), encoding="utf-8")
        assert inspect_file(tmp_path / "a.json").source == source


@pytest.mark.parametrize("name", sorted(OTHER))
def test_an_answer_that_tells_of_no_alert_is_refused(name: str) -> None:
    with pytest.raises(SourceError, match="JSON with the keys status, ") as caught:
        inspect_file(PAYLOADS / name)
    assert "alertmanager, grafana, opsgenie, pagerduty, prometheus, servicenow_table" in str(caught.value.hint)


def test_the_lines_proposed_run_unchanged(tmp_path: Path) -> None:
    webhook = json.loads((PAYLOADS / "alertmanager/firing.json").read_text(encoding="utf-8"))
    for alert in webhook["alerts"]:
        alert["labels"]["severity"] = "page me"
    path = tmp_path / "web hooks.jsonl.gz"
    path.write_bytes(gzip.compress((json.dumps(webhook) + "\nno JSON\n").encode()))
    found = inspect_file(path, severities={"page me": "critical"})
    assert (found.n_rows, found.source) == (2, "alertmanager")
    assert found.warnings == ("1 of 2 payloads looked at will tell of no alert.",)
    scope: dict[str, aa.AlertStore] = {}
    exec(found.python.replace("alerts.duckdb", str(tmp_path / "python.duckdb")), scope)
    with scope["store"] as store:
        severities = store.history().to_arrow()["severity"].to_pylist()
    assert severities == ["critical"] * len(webhook["alerts"])
    words = shlex.split(found.command.replace("alerts.duckdb", str(tmp_path / "shell.duckdb")))
    assert CliRunner().invoke(app, words[1:], catch_exceptions=False).exit_code == 0
    assert aa.AlertHistory.open(tmp_path / "shell.duckdb").n_alerts == len(webhook["alerts"])


def test_what_cannot_be_read_of_it_is_said() -> None:
    [warning] = inspect_file(PAYLOADS / "servicenow_table/display.json").warnings
    assert "will tell of no alert (" in warning
    assert "display values only" in warning


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"columns": {"rule": "a"}}, "have no columns to map"),
        ({"timezone": "Asia/Tokyo"}, "have no columns to map"),
        ({"severities": {"P1": "urgent"}}, r"maps severities to \['urgent'\]"),
    ],
)
def test_corrections_that_make_no_sense(given: dict[str, object], said: str) -> None:
    with pytest.raises(SourceError, match=said):
        inspect_file(PAYLOADS / "alertmanager/firing.json", **given)  # type: ignore[arg-type]
