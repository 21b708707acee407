"""What else is known of alerts: a table laid beside them, point in time, never another tenant's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

import alert_analytics as aa
from alert_analytics.errors import HistoryError, SourceError, SourceNotFoundError, UnknownColumnError
from alert_analytics.history import AlertHistory
from alert_analytics.history.validity import merged, stretches

DAY = datetime(2026, 3, 1)


def at(hours: float) -> datetime:
    return DAY + timedelta(hours=hours)


ROWS = pl.DataFrame(
    {
        "fingerprint": list("abcdef"),
        "tenant_id": ["x", "x", "x", "y", "y", "y"],
        "service": ["db", "db", "web", "db", None, "it's \x00"],
        "fired_at": [at(hour) for hour in (1, 5, 2, 3, 4, 6)],
        "resolved_at": [at(7), None, at(8), None, None, None],
        "number": [7, 8, 9, 10, 11, 12],
        "labels": [{"CI Name": name} for name in ("one", "two", None, "one", "one", "007")],
    }
)


def history() -> AlertHistory:
    return AlertHistory.open(ROWS)


def found(history: AlertHistory, *names: str) -> list[Any]:
    """The values of the columns, in the order of the fingerprints."""
    rows = history.to_polars().sort("fingerprint")
    assert rows.height == history.n_alerts == ROWS.height
    return rows[names[0]].to_list() if len(names) == 1 else rows.select(names).rows()


CATALOGUE = [{"service": "db", "tier": 1, "owner": "ann"}, {"service": "it's \x00", "tier": 2, "on_call": "bob"}]

# -- a plain table ------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_catalogue_works_like_the_alerts_own_columns() -> None:
    told = history().enrich(CATALOGUE, on="service")
    assert found(told, "tier", "owner", "on_call") == [
        (1, "ann", None), (1, "ann", None), (None, None, None), (1, "ann", None), (None, None, None), (2, None, "bob"),
    ]  # fmt: skip
    assert told.where({"owner": "ann"}).n_alerts == told.where("tier < 2").n_alerts == 3
    assert told.where({"owner": None}).n_alerts == 3
    assert told.tenant("x").sql("SELECT max(owner) AS o FROM alerts")["o"].item() == "ann"
    assert told.sql("SELECT max(owner) AS o FROM alerts")["o"].item() == "ann"
    by_owner = aa.TrendAnalysis.from_alerts(told, by="owner")
    assert {row["owner"]: row["n_alerts"] for row in by_owner.table.to_pylist()} == {"ann": 3, None: 3}
    assert by_owner.alerts(0).n_alerts == 3
    assert {row["tier"] for row in aa.ResolutionAnalysis.from_alerts(told, by="tier").table.to_pylist()} == {
        "1", "2", None,
    }  # fmt: skip
    assert "ann" in aa.CorrelationAnalysis.from_alerts(told, of="owner").history.to_polars()["owner"].to_list()
    assert aa.CorrelationAnalysis.from_alerts(told, within="owner").settings["within"] == ["tenant_id", "owner"]
    assert told.describe().n_alerts == 6
    assert set(aa.alert_windows(told, every=timedelta(hours=1), by=["owner"]).entity) >= {"ann"}


def test_settings_name_the_enrichment() -> None:
    told = history().enrich(pl.DataFrame(CATALOGUE), on={"service": "service"})
    assert aa.TrendAnalysis.from_alerts(told).settings["context"] == [
        {
            "enriched_from": "The DataFrame",
            "on": {"service": "service"},
            "at": None,
            "valid": [],
            "columns": {"tier": "tier", "owner": "owner", "on_call": "on_call"},
            "age": None,
        }
    ]
    assert "context" not in history().settings


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "parquet"])
def test_files(tmp_path: Path, ending: str) -> None:
    frame = pl.DataFrame({"CI": ["007", "one", "two"], "version": ["1.10", "1.9", None]})
    path = tmp_path / f"versions.{ending}"
    if ending == "parquet":
        frame.write_parquet(path)
    else:
        frame.write_csv(path, compression="gzip" if ending.endswith("gz") else "uncompressed")
    for named in (path, str(path), str(tmp_path / "versions*")):
        told = history().enrich(named, on={"CI Name": "CI"})
        # As it is written: 007 is no 7 and 1.10 no 1.1; as a number it compares all the same.
        assert found(told, "version") == ["1.9", None, None, "1.9", "1.9", "1.10"]
        assert told.where("version < 1.5").n_alerts == 1


@pytest.mark.parametrize(
    "table",
    [
        pl.DataFrame({"number": [7, 12], "x": [1, 2]}),
        pl.DataFrame({"number": [7.0, 12.0], "x": [1, 2]}),
        pl.DataFrame({"number": [7, 12], "x": [1, 2]}).to_pandas(),
        pl.DataFrame({"NUMBER": ["7", "12"], "x": [1, 2]}),
        pa.table({"number": pa.array([7, 12, None], pa.int16()), "x": [1, 2, 3]}),
        pl.DataFrame({"number": [7.0, 12.0, None, 8.5, float("nan")], "x": [1, 2, 3, 4, 5]}).to_pandas(),
        ({"number": number, "x": x} for number, x in ((7, 1), (12, 2))),
    ],
    ids=["ints", "floats", "pandas", "text", "arrow", "with nulls", "mappings"],
)
def test_tables_in_python(table: Any) -> None:
    assert found(history().enrich(table, on="number"), "x") == [1, None, None, None, None, 2]


def test_several_columns_are_one_key_and_missing_values_equal_nothing() -> None:
    table = pl.DataFrame(
        {"service": ["db", "db", None, "db"], "host": ["one", "two", "one", None], "x": [1, 2, 3, 4]},
    )
    told = history().enrich(table, on={"service": "service", "CI Name": "host"})
    assert found(told, "x") == [1, 2, None, 1, None, None]


def test_enrichments_build_on_one_another() -> None:
    told = history().enrich(CATALOGUE, on="service", columns=["owner"])
    told = told.enrich([{"owner": "ann", "phone": "1"}], on="owner").enrich(
        [{"who": "ann", "n": 2}], on={"owner": "who"}
    )
    assert found(told, "phone", "n")[0] == ("1", 2)
    with pytest.raises(UnknownColumnError, match=r"'owner'; columns: .*tenant_id"):
        history().enrich([{"owner": "ann", "phone": "1"}], on="owner")


# -- names --------------------------------------------------------------------------------------------------------


def test_names_that_are_there_already() -> None:
    table = [{"service": "db", "Team": "a", "CI Name": "b", "o'wn\"er.x": "c"}]
    with pytest.raises(HistoryError, match=r"a column 'Team' already.*columns=.*prefix="):
        history().enrich(table, on="service")
    with pytest.raises(HistoryError, match="a label 'CI Name' already"):
        history().enrich(table, on="service", columns=["CI Name"])
    with pytest.raises(HistoryError, match="'A', 'a' already"):
        history().enrich([{"service": "db", "b": 1, "c": 2}], on="service", columns={"b": "A", "c": "a"})
    told = history().enrich(table, on="service", prefix="c_")
    assert found(told, "c_Team", "c_CI Name", "c_o'wn\"er.x")[0] == ("a", "b", "c")
    assert told.where({"c_o'wn\"er.x": "c"}).n_alerts == 3
    told = history().enrich(table, on="service", columns={"team": "owner"}, prefix="c_")
    assert found(told, "owner")[0] == "a"
    assert "c_CI Name" not in told.to_polars().columns
    with pytest.raises(HistoryError, match="'owner' already"):
        told.enrich([{"service": "db", "owner": 1}], on="service")


@pytest.mark.parametrize(
    ("table", "arguments", "said"),
    [
        (CATALOGUE, {"on": "team_id"}, r"no column 'team_id'; columns: service, tier, owner, on_call"),
        (CATALOGUE, {"on": "service", "columns": ["teir"]}, "no column 'teir'.*Hint: did you mean 'tier'"),
        (CATALOGUE, {"on": {"nothing": "service"}}, "No column or label 'nothing'"),
        (CATALOGUE, {"on": []}, "on= names no column"),
        (CATALOGUE, {"on": {1: "service"}}, "expected a column or label, several, or a mapping"),
        (CATALOGUE, {"on": "service", "columns": ["nope"]}, "no column 'nope'"),
        (CATALOGUE, {"on": "service", "columns": {"tier": ""}}, "expected names"),
        (CATALOGUE, {"on": "service", "age": "age_s"}, "age='age_s' needs the column"),
        (CATALOGUE, {"on": "service", "valid_from": "since"}, "no column 'since'"),
        ([{"service": "db"}], {"on": "service"}, "no column to carry over beside service"),
        ([], {"on": "service"}, "expected a dict for each row"),
        ([1], {"on": "service"}, "expected a dict for each row"),
        ([{"service": 1}, {"service": "a"}], {"on": "service"}, "'service' mixes kinds"),
        (5, {"on": "service"}, "A int is no table"),
        ({"service": ["db"]}, {"on": "service"}, "A dict is no table"),
        (
            [{"service": "db", "x": 1}, {"service": "web", "x": 1}, {"service": "db", "x": 2}],
            {"on": "service"},
            r"several rows for one service: db \(2 rows\).*valid_from",
        ),
        (
            [{"service": "db", "x": 1, "valid_from": time} for time in ("2026-03-01", "2026-03-01T00:00Z")],
            {"on": "service"},
            r"several rows for one service from the same time on: db from 2026-03-01 00:00:00 \(2 rows\)",
        ),
        ([{"service": "db", "x": 1, "valid_from": "soon"}], {"on": "service"}, "valid_from holds 'soon'; expected ISO"),
        ([{"service": "db", "x": 1, "valid_from": 5}], {"on": "service"}, "valid_from holds BIGINT; expected times"),
        ([{"service": "db", "x": 1, "valid_from": None}], {"on": "service"}, "valid_from is missing in 1 of 1 row"),
        ([{"service": "db", "x": 1, "valid_to": DAY}], {"on": "service"}, "valid to valid_to, but from when"),
        (
            [{"service": "db", "x": 1, "valid_from": at(2), "valid_to": at(1)}],
            {"on": "service"},
            "valid_to precedes valid_from in 1 of 1 row",
        ),
        ([{"service": "db", "x": 1, "valid_from": DAY}], {"on": "service", "at": "service"}, "'service' holds VARCHAR"),
        ([{"service": "db", "x": 1, "valid_from": DAY}], {"on": "service", "at": "never"}, "No column or label"),
        ([{"service": "db", "x": 1, "tenant_id": None}], {"on": "service"}, "1 row has no tenant_id"),
    ],
)  # fmt: skip
def test_what_cannot_be(table: Any, arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(HistoryError, match=said):
        history().enrich(table, **arguments)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(SourceNotFoundError):
        history().enrich(tmp_path / "none.csv", on="service")
    (tmp_path / "empty.csv").touch()
    with pytest.raises(SourceError):
        history().enrich(tmp_path / "empty.csv", on="service")


# -- point in time ------------------------------------------------------------------------------------------------

VERSIONS = [
    {"service": "db", "version": "1", "deployed_at": at(0).replace(tzinfo=UTC)},
    {"service": "db", "version": "2", "deployed_at": at(3).replace(tzinfo=UTC)},
    {"service": "web", "version": "9", "deployed_at": at(2.5).replace(tzinfo=UTC)},
]


def test_an_alert_gets_what_was_valid_when_it_fired_and_nothing_later() -> None:
    told = history().enrich(VERSIONS, on="service", valid_from="deployed_at", age="age_s")
    # d fired in the very moment of a deployment; web's came after c.
    assert found(told, "version", "age_s") == [
        ("1", 3600.0), ("2", 7200.0), (None, None), ("2", 0.0), (None, None), (None, None),
    ]  # fmt: skip
    named = history().enrich(VERSIONS, on="service", valid_from="deployed_at", columns=["version", "deployed_at"])
    assert found(named, "deployed_at")[1] == at(3)


def test_text_times_and_their_offsets() -> None:
    rows = [{"service": "db", "v": "1", "valid_from": " 2026-03-01T03:00+02:00 ", "valid_to": ""}]
    assert found(history().enrich(rows, on="service"), "v") == ["1", "1", None, "1", None, None]
    rows = [{"service": "db", "v": "1", "valid_from": "2026-03-01T01:00", "valid_to": "2026-03-01 05:00"}]
    assert found(history().enrich(rows, on="service"), "v") == ["1", None, None, "1", None, None]
    frame = pl.DataFrame({"service": ["db"], "v": ["1"], "valid_from": [DAY.date()]})
    assert found(history().enrich(frame, on="service"), "v") == ["1", "1", None, "1", None, None]


def test_at_another_time_of_the_alert() -> None:
    rows = [{"service": name, "v": name, "valid_from": at(6.5)} for name in ("db", "web")]
    assert found(history().enrich(rows, on="service", at="resolved_at"), "v") == ["db", None, "web", None, None, None]


def test_a_time_in_the_table_is_utc_too() -> None:
    frame = pl.DataFrame({"service": ["db"], "since": [at(2)]}).with_columns(
        pl.col("since").dt.replace_time_zone("Europe/Paris")
    )
    assert found(history().enrich(frame, on="service"), "since")[0] == at(1)


def test_a_shift_goes_on_after_somebody_else_took_over() -> None:
    shifts = [
        {"who": "ann", "valid_from": at(0), "valid_to": at(5.5), "service": "db"},
        {"who": "bob", "valid_from": at(2), "valid_to": at(4), "service": "db"},
        {"who": "nobody", "valid_from": at(3), "valid_to": at(3), "service": "db"},
    ]
    told = history().enrich(shifts, on="service", age="age_s")
    assert found(told, "who", "age_s")[:4] == [("ann", 3600.0), ("ann", 18000.0), (None, None), ("bob", 3600.0)]


def test_stretches_and_merged_windows() -> None:
    assert stretches([(0, None), (5, 5), (3, 4)]) == [(0, 0), (3, 2), (4, 0)]
    assert stretches([(0, 4), (4, 6)]) == [(0, 0), (4, 1), (6, None)]
    assert stretches([(0, 3), (1, 2), (2, 9)]) == [(0, 0), (1, 1), (2, 2), (9, None)]
    assert stretches([]) == []
    assert merged([(0, 4), (4, 6), (9, None), (10, 11)]) == [(0, 6), (9, None)]


# -- scope --------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_it_commutes_with_every_narrowing() -> None:
    steps = {
        "enrich": lambda history: history.enrich(VERSIONS, on="service", valid_from="deployed_at"),
        "as of": lambda history: history.as_of(at(4)),
        "tenant": lambda history: history.tenant("x"),
        "where": lambda history: history.where({"service": ["db", "web"]}, since=at(1)),
        "incidents": lambda history: history.incidents(aa.IncidentPolicy()),
    }
    answers = []
    for order in [*permutations(steps)][::11]:
        narrowed = history()
        for step in order:
            narrowed = steps[step](narrowed)
        table = narrowed.to_polars()
        answers.append((table.select(sorted(table.columns)).rows(), {**narrowed.settings, "context": None}))
    assert all(answer == answers[0] for answer in answers)
    assert len(answers[0][0]) == 2


def test_as_of_hides_what_began_later() -> None:
    rows = [{"service": "db", "v": "1", "valid_from": at(0)}, {"service": "db", "v": "2", "valid_from": at(4)}]
    # A time of the table's own, which no moment undoes.
    checked = AlertHistory.open(ROWS.with_columns(checked_at=pl.lit(at(4.2))))
    told = checked.enrich(rows, on="service", at="checked_at").where({"fingerprint": "d"})
    assert told.as_of(at(4)).to_polars()["v"].to_list() == ["1"]
    assert told.as_of(at(4.5)).to_polars()["v"].to_list() == ["2"]


def test_another_tenants_rows_never_arrive() -> None:
    table = [
        {"tenant_id": "x", "service": "db", "secret": "of x"},
        {"tenant_id": "y", "service": "db", "secret": "of y"},
        {"tenant_id": "y", "service": "web", "secret": "of y"},
        {"tenant_id": "y", "service": "web", "secret": "twice"},
    ]
    mine = history().tenant("x").enrich(table, on="service")
    assert mine.to_polars()["secret"].to_list() == ["of x", None, "of x"]
    assert "of y" not in str(mine.sql("SELECT * FROM alerts"))
    with pytest.raises(HistoryError, match=r"several rows for one service, tenant_id: web, y"):
        history().enrich(table, on="service")
    whole = history().enrich(table[:3], on="service")
    assert found(whole, "secret") == ["of x", "of x", None, "of y", None, None]
    assert whole.tenant("x").to_polars()["secret"].to_list() == ["of x", None, "of x"]
    renamed = pl.DataFrame(table[:3]).rename({"tenant_id": "Tenant_ID"})
    assert found(history().enrich(renamed, on="service"), "secret") == found(whole, "secret")


def test_a_store_is_told_too(tmp_path: Path) -> None:
    with aa.AlertStore.open(tmp_path / "a.duckdb", tenant="x") as store:
        store.ingest(ROWS.filter(tenant_id="x"))
        told = store.history().enrich(CATALOGUE, on="service")
        assert told.n_alerts == 3
        store.ingest(pl.DataFrame({"fingerprint": ["z"], "service": ["db"], "fired_at": [at(9)]}))
        assert told.to_polars()["owner"].to_list() == ["ann", None, "ann", "ann"]
    assert AlertHistory.open(tmp_path / "a.duckdb").enrich(CATALOGUE, on="service").where("tier = 1").n_alerts == 3
