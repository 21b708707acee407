"""The committed sample is what the simulation writes, and it opens as a history."""

from __future__ import annotations

import csv
import gzip
import json
import runpy
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from alert_analytics import datasets
from alert_analytics.alerts import ALERT_SCHEMA
from alert_analytics.errors import SourceNotFoundError


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample") / "made"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["simulation", str(folder)])
        runpy.run_module("alert_analytics.simulation", run_name="__main__")
    return folder


def lines(path: Path) -> list[str]:
    content = path.read_bytes()
    return (gzip.decompress(content) if path.suffix == ".gz" else content).decode().splitlines()


@pytest.mark.parametrize("name", ["alerts.parquet", "metrics.parquet"])
def test_the_sample_is_regenerated_row_by_row(written: Path, name: str) -> None:
    committed, again = pq.read_table(datasets.sample_path() / name), pq.read_table(written / name)
    assert again.schema.equals(committed.schema)
    assert again.num_rows == committed.num_rows
    for start in range(0, again.num_rows, 4096):
        rows = zip(again.slice(start, 4096).to_pylist(), committed.slice(start, 4096).to_pylist(), strict=True)
        for offset, (new, old) in enumerate(rows):
            assert new == old, f"row {start + offset}"


def test_the_truth_is_regenerated(written: Path) -> None:
    assert json.loads((written / "truth.json").read_text(encoding="utf-8")) == datasets.sample_truth()


@pytest.mark.parametrize("name", ["alertmanager.jsonl.gz", "tickets.csv"])
def test_the_exports_are_regenerated_line_by_line(written: Path, name: str) -> None:
    committed, again = lines(datasets.sample_path() / name), lines(written / name)
    assert len(again) == len(committed)
    for number, (new, old) in enumerate(zip(again, committed, strict=True), start=1):
        assert new == old, f"line {number}"


def test_the_gzip_names_no_time_at_which_it_was_made(written: Path) -> None:
    for folder in (datasets.sample_path(), written):
        assert (folder / "alertmanager.jsonl.gz").read_bytes()[4:8] == bytes(4)


def test_the_sample_is_small_and_canonical() -> None:
    folder = datasets.sample_path()
    assert max((folder / name).stat().st_size for name in ("alertmanager.jsonl.gz", "tickets.csv")) < 600_000
    assert sum(path.stat().st_size for path in folder.iterdir()) < 5_000_000
    assert pq.read_schema(folder / "alerts.parquet").equals(ALERT_SCHEMA)


def test_the_readme_explains_every_column() -> None:
    text = (datasets.sample_path() / "README.md").read_text(encoding="utf-8")
    explained = {line.split("`")[1] for line in text.splitlines() if line.startswith("| `")}
    assert {*ALERT_SCHEMA.names, *datasets.sample_metrics().column_names} <= explained
    with (datasets.sample_path() / "tickets.csv").open(encoding="utf-8") as file:
        assert all(f"`{heading}`" in text for heading in next(csv.reader(file, delimiter=";")))


def test_the_readme_states_the_numbers_of_the_files() -> None:
    text = (datasets.sample_path() / "README.md").read_text(encoding="utf-8")
    truth = datasets.sample_truth()["alerts"]
    assert f"| {truth['n_alerts']:,} |" in text
    assert f"| {datasets.sample_metrics().num_rows:,} |" in text
    assert f"({100 * truth['n_open'] / truth['n_alerts']:.1f} % of rows)" in text
    assert f"Seed {truth['seed']}." in text
    tickets = lines(datasets.sample_path() / "tickets.csv")[1:]
    assert f"| {len(lines(datasets.sample_path() / 'alertmanager.jsonl.gz')):,} |" in text
    assert f"| {len(tickets):,} |" in text
    assert f"in {sum(';VIP;' in ticket for ticket in tickets)} rows *VIP*" in text


def test_the_sample_opens_as_a_history_up_to_its_watermark() -> None:
    history = datasets.sample()
    truth = datasets.sample_truth()["alerts"]
    assert history.to_arrow().num_rows == truth["n_alerts"]
    assert history.quarantine().num_rows == 0
    assert history.span.end.isoformat() == truth["watermark"]


def test_the_metrics_hold_labelled_series() -> None:
    metrics = datasets.sample_metrics()
    assert metrics.schema.field("t").type == pa.timestamp("us")
    assert 0 < sum(metrics["label"].to_pylist()) < 0.1 * metrics.num_rows


def test_an_installed_wheel_is_looked_in_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: Path) -> None:
    monkeypatch.setattr(datasets, "_FOLDERS", (written, tmp_path))
    assert datasets.sample_path() == written
    monkeypatch.setattr(datasets, "_FOLDERS", (tmp_path, written))
    assert datasets.sample_path() == written


def test_a_missing_sample_says_where_it_was_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets, "_FOLDERS", (tmp_path / "wheel", tmp_path / "checkout"))
    with pytest.raises(SourceNotFoundError, match=r"wheel and .*checkout.*Hint: .*alert_analytics\.simulation"):
        datasets.sample()
