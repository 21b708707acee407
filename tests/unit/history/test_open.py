"""Opening a history: from anything that holds alerts, and with a reason from anything that does not."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from alert_analytics import TrendAnalysis
from alert_analytics.alerts import ALERT_SCHEMA, Alert, AlertRule, AlertSeverity, alerts_table
from alert_analytics.datasets import sample_path
from alert_analytics.errors import HistoryError, QueryError, SourceError, SourceNotFoundError, UnknownColumnError
from alert_analytics.history import AlertHistory, AlertStore
from alert_analytics.sources import Tabular

NOON = datetime(2026, 3, 1, 12)
RULE = AlertRule(name="High CPU", condition="cpu > 80", severity="high")
ALERTS = [
    Alert(
        rule_id=RULE.id,
        severity=AlertSeverity.HIGH,
        rule="High CPU",
        service="db",
        fired_at=NOON,
        resolved_at=NOON + timedelta(hours=1),
        labels={"CI Name": "db-1"},
        metadata={"n": 1},
    ),
    Alert(rule_id=RULE.id, service="wéb 'x'", fired_at=NOON + timedelta(hours=2), value=0.5, metadata={"k": 'ü/"'}),
]
TABLE = alerts_table(ALERTS)


def csv(folder: Path, text: str, name: str = "alerts.csv") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def as_path(folder: Path) -> Path:
    pq.write_table(TABLE, folder / "it's [1].parquet")
    return folder / "it's [1].parquet"


def as_glob(folder: Path) -> str:
    for i in range(2):
        pq.write_table(TABLE.slice(i, 1), folder / f"part-{i}.parquet")
    return str(folder / "part-*.parquet")


def as_csv(folder: Path) -> str:
    frame = pl.DataFrame(TABLE.drop_columns("labels")).with_columns(labels=pl.Series(['{"CI Name": "db-1"}', "{}"]))
    frame.write_csv(folder / "alerts.csv")
    return str(folder / "alerts.csv")


def as_store(folder: Path) -> Path:
    with AlertStore.open(folder / "alerts.duckdb") as store:
        store.ingest(ALERTS)
    return folder / "alerts.duckdb"


@pytest.mark.parametrize(
    "made",
    [
        as_path,
        as_glob,
        as_csv,
        as_store,
        lambda _: TABLE,
        lambda _: TABLE.to_reader(),
        lambda _: TABLE.combine_chunks().to_batches()[0],
        lambda _: pl.DataFrame(TABLE),
        lambda _: TABLE.to_pandas(types_mapper=pd.ArrowDtype),
        lambda _: duckdb.connect().from_arrow(TABLE),
        lambda _: ALERTS,
        lambda _: (alert for alert in ALERTS),
        lambda _: AlertHistory.open(ALERTS),
        lambda _: AlertHistory.open(ALERTS).to_polars(),
    ],
)
def test_every_kind_of_input_gives_the_same_history(made: Any, tmp_path: Path) -> None:
    history = AlertHistory.open(made(tmp_path))
    rows = history.to_arrow()
    drop = ["ingested_at", "observed_at"]
    expected = AlertHistory.open(TABLE).to_arrow().drop_columns(drop)
    assert rows.drop_columns(drop).to_pylist() == expected.to_pylist()
    assert rows.schema.names == ALERT_SCHEMA.names
    assert [alert.alert_id for alert in ALERTS] == rows["alert_id"].to_pylist()
    assert history.n_alerts == 2
    assert history.watermark == NOON + timedelta(hours=2)
    assert history.quarantine().num_rows == 0


def test_a_history_is_itself() -> None:
    history = AlertHistory.open(ALERTS)
    assert AlertHistory.open(history) is history


@pytest.mark.parametrize("tenant", ["default", 'o\'neil ü/\\ "x"'])
def test_python_and_the_database_agree_on_an_id(tenant: str) -> None:
    alert = ALERTS[1].model_copy(update={"tenant_id": tenant, "fingerprint": "a/'\"\u2028\t"})
    rows = AlertHistory.open(alerts_table([alert]).drop_columns("alert_id")).to_arrow()
    assert rows["alert_id"].to_pylist() == [alert.alert_id]


def test_what_comes_out_goes_in_again() -> None:
    history = AlertHistory.open(ALERTS)
    assert AlertHistory.open(history.to_pandas()).to_arrow().equals(history.to_arrow())
    assert AlertHistory.open(history.to_polars()).to_arrow().equals(history.to_arrow())
    assert pa.table(history).equals(history.to_arrow())
    assert pl.DataFrame(history).equals(history.to_polars())


# -- what is no history -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["nothing.csv", "nothing*.parquet"])
def test_a_missing_file(name: str, tmp_path: Path) -> None:
    with pytest.raises(SourceNotFoundError, match="no such file") as caught:
        AlertHistory.open(tmp_path / name)
    assert isinstance(caught.value, FileNotFoundError)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("notes.txt", b"hello world\nthis is no table\n", "No column fired_at among hello world"),
        ("picture.csv", bytes(range(256)) * 20, "cannot be read as a table"),
        ("picture.parquet", bytes(range(256)) * 20, "cannot be read as a table"),
        ("empty.csv", b"", "the file is empty"),
        ("closed.csv", b"Opened,Closed\n2026-01-01,2026-01-02\n", "No column fired_at among Opened, Closed"),
        ("wide.csv", ",".join(f"c{i}" for i in range(20)).encode() + b"\n", r"c11, \.\.\. \(20 columns\)"),
        (
            "epoch.csv",
            b"fired_at\n1767225600\n",
            r"Column fired_at holds numbers \(BIGINT\); expected timestamps.*epoch",
        ),
        ("torn.duckdb", b"\0" * 8 + b"DUCK" + b"\0" * 100, "cannot be opened as a store"),
    ],
)
def test_a_file_that_is_no_history(name: str, content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises((HistoryError, SourceError), match=said) as caught:
        AlertHistory.open(tmp_path / name)
    assert name in str(caught.value)
    assert "__alert_analytics" not in str(caught.value)
    assert isinstance(caught.value, ValueError)


def test_a_database_that_is_no_store(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "other.duckdb"), config={"storage_compatibility_version": "v1.4.0"}) as other:
        other.execute("CREATE TABLE tickets (a INTEGER)")
    for opened in (AlertHistory.open, AlertStore.open):
        with pytest.raises(SourceError, match=r"no alert store \(tables: tickets\)"):
            opened(tmp_path / "other.duckdb")


def test_a_store_of_a_later_version(tmp_path: Path) -> None:
    AlertStore.open(tmp_path / "a.duckdb").close()
    with duckdb.connect(str(tmp_path / "a.duckdb")) as connection:
        connection.execute("UPDATE meta SET schema_version = 7")
    for opened in (AlertHistory.open, AlertStore.open):
        with pytest.raises(SourceError, match="a store of version 7; this library reads version 2"):
            opened(tmp_path / "a.duckdb")


@pytest.mark.parametrize("data", [42, None, [1, 2], {"fired_at": [NOON]}, {}, b"", ["alerts.csv"], ALERTS[0]])
def test_a_thing_of_another_kind(data: object) -> None:
    with pytest.raises(HistoryError, match=f"A {type(data).__name__} is no alert history"):
        AlertHistory.open(data)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"fired_at": [1.5]}, r"fired_at holds numbers \(DOUBLE\)"),
        ({"fired_at": pa.array([1], pa.decimal128(5, 0))}, r"fired_at holds numbers \(DECIMAL"),
        ({"fired_at": [True]}, "fired_at holds BOOLEAN"),
        ({"fired_at": pa.array([None], pa.float64())}, "fired_at holds numbers"),
        ({"fired_at": [NOON], "resolved_at": [1.5]}, "resolved_at holds numbers"),
        ({"fired_at": [NOON], "labels": [7]}, "Column labels is BIGINT"),
    ],
)
def test_a_column_of_a_type_that_cannot_be_read(columns: dict[str, Any], said: str) -> None:
    with pytest.raises(HistoryError, match=said):
        AlertHistory.open(pa.table(columns))


def test_a_file_that_goes_away(tmp_path: Path) -> None:
    path = as_path(tmp_path)
    history = AlertHistory.open(path)
    path.unlink()
    with pytest.raises(QueryError, match=r"it's \[1\]\.parquet"):
        history.to_arrow()
    with pytest.raises(QueryError, match="No files found"):
        history.quarantine()


def test_a_file_that_breaks(tmp_path: Path) -> None:
    path = tmp_path / "alerts.parquet"
    pq.write_table(pa.table({"fired_at": [NOON] * 50_000, "n": list(range(50_000))}), path, use_dictionary=False)
    history = AlertHistory.open(path)
    assert history.n_alerts == 50_000
    content = path.read_bytes()
    path.write_bytes(content[:4] + b"\xff" * (len(content) // 2) + content[4 + len(content) // 2 :])
    with pytest.raises(QueryError, match=r"alerts\.parquet: "):
        history.to_arrow()


# -- what is there, and how it is read ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data", [[], TABLE.slice(0, 0), pl.DataFrame({"fired_at": []}, schema={"fired_at": pl.String})]
)
def test_an_empty_history(data: Any) -> None:
    history = AlertHistory.open(data)
    assert history.n_alerts == 0
    assert history.watermark is None
    assert history.span is None
    assert history.settings["span_start"] is None
    assert history.as_of("2026-01-01").n_alerts == 0
    assert history.to_pandas().shape == (0, 26)
    assert history.describe().sentence == "No alert is in scope."


def test_only_fired_at_is_needed() -> None:
    row = AlertHistory.open(pl.DataFrame({"fired_at": [NOON]})).to_arrow().to_pylist()[0]
    told = {name: value for name, value in row.items() if value is not None and name not in {"alert_id", "fingerprint"}}
    assert told == {
        "tenant_id": "default",
        "source": "table",
        "rule": "unknown",
        "status": "firing",
        "fired_at": NOON,
        "observed_at": NOON,
        "occurrences": 1,
        "labels": [],
    }


def test_times_of_every_type() -> None:
    paris = timezone(timedelta(hours=1))
    for values in [
        pa.array([NOON], pa.timestamp("s")),
        pa.array([NOON], pa.timestamp("ns")),
        pa.array([NOON.replace(tzinfo=UTC)], pa.timestamp("us", "Europe/Paris")),
        pa.array([NOON.replace(tzinfo=UTC).astimezone(paris)]),
        pa.array(["2026-03-01T12:00:00"]),
        pa.array([" 2026-03-01 13:00:00+01:00 "]),
        pa.array(["2026-03-01T13:00+0100"]),
        pa.array(["2026-03-01 13:00:00 +01:00"]),
        pa.array(["2026-03-01T12:00:00Z"]),
        pa.array(["2026-03-01T12:00:00z"]),
        pa.array(["2026-03-01 12:00:00 UTC"]),
        pa.array(["2026-03-01 13:00:00 Europe/Paris"]),
    ]:
        assert AlertHistory.open(pa.table({"fired_at": values})).to_arrow()["fired_at"].to_pylist() == [NOON]
    dates = AlertHistory.open(pa.table({"fired_at": [NOON.date()]}))
    assert dates.to_arrow()["fired_at"].to_pylist() == [datetime(2026, 3, 1)]


def test_a_csv_is_read_as_it_is_written(tmp_path: Path) -> None:
    path = csv(
        tmp_path, "fingerprint,fired_at,service,size\n007,2026-03-01T13:00:00+01:00,08,5\n7,03/04/2026 10:00,8,6\n"
    )
    history = AlertHistory.open(path)
    [row] = history.to_arrow().to_pylist()
    assert (row["fingerprint"], row["service"], row["fired_at"], row["size"]) == ("007", "08", NOON, 5)
    [refused] = history.quarantine().to_pylist()
    assert refused["line"] == 3
    assert refused["reason"] == "fired_at is no ISO 8601 time"


@pytest.mark.parametrize("nothing", [[None], [float("nan")], np.array([np.nan])])
def test_a_column_without_a_value(nothing: Any) -> None:
    for make in (pd.DataFrame, pl.DataFrame, pa.table):
        table = make({"fired_at": [NOON], "resolved_at": nothing, "occurrences": nothing, "severity": [""]})
        [row] = AlertHistory.open(table).to_arrow().to_pylist()
        assert (row["resolved_at"], row["occurrences"], row["severity"]) == (None, 1, None)


def test_names_are_found_in_any_case(tmp_path: Path) -> None:
    history = AlertHistory.open(csv(tmp_path, "Fired_At,SEVERITY,Owner\n2026-03-01,High,ann\n"))
    [row] = history.to_arrow().to_pylist()
    assert (row["fired_at"], row["severity"], row["Owner"]) == (datetime(2026, 3, 1), "high", "ann")


def named(kind: str, names: list[str], folder: Path) -> Any:
    """One alert whose column number i holds ``00i``, as a table or a file."""
    columns = [pa.array(["2026-03-01T12:00:00"]), *(pa.array([f"00{i}"]) for i in range(len(names)))]
    table = pa.Table.from_arrays(columns, names=["fired_at", *names])
    if kind == "table":
        return table
    if kind == "parquet":
        pq.write_table(table, folder / "a.parquet")
        return folder / "a.parquet"
    return csv(
        folder, "\n".join(",".join(line) for line in (table.column_names, [c[0].as_py() for c in columns])) + "\n"
    )


@pytest.mark.parametrize("kind", ["table", "parquet", "csv"])
@pytest.mark.parametrize(
    ("names", "service", "other"),
    [
        (["Service", "service"], "001", {"Service_1": "000"}),
        (["service", "Service"], "000", {"Service_1": "001"}),
        (["SERVICE", "x", "Service", "service"], "003", {"SERVICE_2": "000", "Service_1": "002", "x": "001"}),
        (["service", "service_1"], "000", {"service_1": "001"}),
        (["Service", "service_1"], "000", {"service_1": "001"}),
    ],
)
def test_of_names_that_differ_in_case_the_exact_one_counts(
    kind: str, names: list[str], service: str, other: dict[str, str], tmp_path: Path
) -> None:
    history = AlertHistory.open(named(kind, names, tmp_path))
    [row] = history.to_arrow().to_pylist()
    assert row["service"] == service
    assert {name: f"{row[name]:0>3}" for name in other} == other
    with AlertStore.open() as store:
        store.ingest(named(kind, names, tmp_path))
        assert store.history().to_arrow()["service"].to_pylist() == [service]


@pytest.mark.parametrize("kind", ["table", "parquet", "csv"])
def test_names_that_are_equally_ours_are_refused(kind: str, tmp_path: Path) -> None:
    data = named(kind, ["Service", "SERVICE"], tmp_path)
    with pytest.raises(HistoryError, match=r"columns 'Service', 'SERVICE' could each be service"):
        AlertHistory.open(data)
    with AlertStore.open() as store, pytest.raises(HistoryError, match="could each be service"):
        store.ingest(data)
    # Names that are none of ours may differ as they like.
    assert AlertHistory.open(named(kind, ["Owner", "owner"], tmp_path)).where({"Owner": ["000", "0"]}).n_alerts == 1


def test_columns_of_ones_own_filter_and_group() -> None:
    ours = (
        "line",
        "original",
        "reason",
        "place",
        "content",
        "tomorrow",
        "declared_tenant",
        "row_in_file",
        "line_in_file",
        "raw",
        "a.b",
    )
    table = pa.table({"fired_at": [NOON, NOON], **{name: [f"{name} 1", "2"] for name in ours}, "series": ["x", "y"]})
    history = AlertHistory.open(table)
    assert history.quarantine().num_rows == 0
    for name in ours:
        assert history.where({name: f"{name} 1"}).n_alerts == 1
        assert history.where(f"\"{name}\" = '2'").to_arrow()[name].to_pylist() == ["2"]
    # A column that is called like the key of a question stays a column; the question reads its key.
    assert TrendAnalysis.from_alerts(history, by="service").table.num_rows == 1
    by_series = TrendAnalysis.from_alerts(history, by=["series", "reason"]).table
    assert sorted(zip(by_series["series"].to_pylist(), by_series["reason"].to_pylist(), strict=True)) == [
        ("x", "reason 1"),
        ("y", "2"),
    ]
    with pytest.raises(UnknownColumnError, match="No column or label 'nothing'; columns: tenant_id"):
        history.where({"nothing": 1})


def test_columns_with_a_zone_become_utc() -> None:
    seen = pa.array([datetime(2026, 3, 1, 12, tzinfo=UTC)], pa.timestamp("us", "Asia/Tokyo"))
    history = AlertHistory.open(pa.table({"fired_at": [NOON], "seen": seen}))
    assert history.where("seen = '2026-03-01T12:00'").to_arrow()["seen"].to_pylist() == [NOON]
    assert history.to_pandas()["seen"].tolist() == [NOON]


@pytest.mark.parametrize(
    "labels",
    [
        pa.array([[("team", "x"), ("CI Name", "y")], None, []], pa.map_(pa.string(), pa.string())),
        pa.array([{"team": "x", "CI Name": "y"}, None, {}]),
        pa.array([json.dumps({"team": "x", "CI Name": "y"}), None, "{}"]),
    ],
)
def test_labels_as_map_struct_or_json(labels: pa.Array) -> None:
    history = AlertHistory.open(pa.table({"fired_at": [NOON] * 3, "message": ["a", "b", "c"], "labels": labels}))
    rows = sorted(history.to_arrow().to_pylist(), key=lambda row: row["message"])
    assert [sorted(row["labels"]) for row in rows] == [[("CI Name", "y"), ("team", "x")], [], []]
    assert history.where({"CI Name": "y"}).n_alerts == 1
    assert history.where({"CI Name": None}).n_alerts == 2


def test_labels_and_words_may_be_numbers() -> None:
    labels = pa.array([[("size", 5)]], pa.map_(pa.string(), pa.int64()))
    history = AlertHistory.open(pa.table({"fired_at": [NOON], "labels": labels, "service": [7], "value": [True]}))
    assert history.n_alerts == 0
    assert history.quarantine()["reason"].to_pylist() == ["value is no number"]
    history = AlertHistory.open(pa.table({"fired_at": [NOON], "labels": labels, "service": [7], "value": [2]}))
    [row] = history.to_arrow().to_pylist()
    assert (row["labels"], row["service"], row["value"]) == ([("size", "5")], "7", 2.0)


def test_json_labels_may_be_numbers_and_broken() -> None:
    texts = ['{"n": 5, "t": true, "o": {"a": 1}, "gone": null}', "{broken", "[1]"]
    history = AlertHistory.open(pa.table({"fired_at": [NOON] * 3, "labels": texts}))
    [row] = history.to_arrow().to_pylist()
    assert dict(row["labels"]) == {"n": "5", "t": "true", "o": '{"a":1}'}
    assert history.quarantine()["reason"].to_pylist() == ["labels is no JSON object"] * 2


def test_rows_without_a_fingerprint_stay_apart() -> None:
    table = pa.table({"fired_at": [NOON] * 4, "fingerprint": ["a", "a", None, None]})
    history = AlertHistory.open(table)
    assert len(set(history.to_arrow()["alert_id"].to_pylist())) == 3
    assert len(set(AlertHistory.open(table.drop_columns("fingerprint")).to_arrow()["alert_id"].to_pylist())) == 4


# -- what dataframes make of it -----------------------------------------------------------------------------------

# pyarrow reads a pandas column with a zone in a way that pandas is about to change.
zoned_pandas = pytest.mark.filterwarnings("ignore:Series.values returning an ndarray:DeprecationWarning")


def timed(kind: str, unit: str, zone: str | None, folder: Path) -> Any:
    """One alert fired at noon UTC, its time written in that unit and zone."""
    if kind == "polars" and unit != "s":  # polars counts no whole seconds
        frame = pl.DataFrame({"fired_at": [NOON], "resolved_at": [NOON], "seen": [NOON]})
        frame = frame.cast(pl.Datetime(unit))  # type: ignore[arg-type]
        return frame if zone is None else frame.select(pl.all().dt.replace_time_zone("UTC").dt.convert_time_zone(zone))
    times = pd.Series([NOON]).dt.as_unit(unit)  # type: ignore[arg-type]
    times = times if zone is None else times.dt.tz_localize("UTC").dt.tz_convert(zone)
    frame = pd.DataFrame({"fired_at": times, "resolved_at": times, "seen": times})
    if kind == "parquet":
        frame.to_parquet(folder / "a.parquet")
        return folder / "a.parquet"
    return frame


@zoned_pandas
@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Paris"])
@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("kind", ["pandas", "polars", "parquet"])
def test_times_of_any_unit_and_zone(kind: str, unit: str, zone: str | None, tmp_path: Path) -> None:
    data = timed(kind, unit, zone, tmp_path)
    history = AlertHistory.open(data)
    [row] = history.to_arrow().to_pylist()
    assert (row["fired_at"], row["resolved_at"]) == (NOON, NOON)
    assert history.where("seen = '2026-03-01T12:00'").n_alerts == 1
    assert history.to_pandas()["seen"].tolist() == [NOON]
    for source in (None, Tabular({"fired_at": "fired_at", "resolved_at": "seen"}, timezone="UTC")):
        with AlertStore.open() as store:
            assert store.ingest(data, source=source).n_new == 1
            [row] = store.history().to_arrow().to_pylist()
        assert (row["fired_at"], row["resolved_at"]) == (NOON, NOON)


def test_a_categorical_column() -> None:
    words = {"severity": ["high", None, "low"], "rule": ["a", "b", "a"], "mine": ["x", "y", None]}
    frame = pd.DataFrame({"fired_at": [NOON] * 3, **{name: pd.Categorical(said) for name, said in words.items()}})
    for data in (frame, pl.DataFrame({"fired_at": [NOON] * 3, **words}).cast(dict.fromkeys(words, pl.Categorical))):
        history = AlertHistory.open(data)
        assert history.where("severity >= 'high'").to_arrow()["rule"].to_pylist() == ["a"]
        assert history.where({"mine": "y"}).to_arrow()["rule"].to_pylist() == ["b"]
        with AlertStore.open() as store:
            store.ingest(data)
            assert sorted(map(str, store.history().to_arrow()["severity"].to_pylist())) == ["None", "high", "low"]


def test_labels_as_pandas_reads_them() -> None:
    path = sample_path() / "alerts.parquet"
    frame = pd.read_parquet(path)
    assert isinstance(frame["labels"].iloc[0], list)  # of pairs
    assert AlertHistory.open(frame).to_arrow()["labels"].equals(AlertHistory.open(path).to_arrow()["labels"])
    assert any(AlertHistory.open(path).to_arrow()["labels"].to_pylist())
