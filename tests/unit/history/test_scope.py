"""Narrowing a history: the parts commute, the future does not leak, a tenant sees its own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alert_analytics.errors import HistoryError, QueryError, UnknownColumnError
from alert_analytics.history import AlertHistory, AlertStore

DAY = datetime(2026, 3, 1)


def at(hours: float) -> datetime:
    return DAY + timedelta(hours=hours)


def alerts(*rows: dict[str, Any]) -> AlertHistory:
    """A history of these rows; hours since midnight stand for times."""
    given_rows = [
        {key: at(value) if key.endswith("_at") and value is not None else value for key, value in row.items()}
        for row in rows
    ]
    return AlertHistory.open(pl.DataFrame(given_rows, infer_schema_length=None))


# -- as of --------------------------------------------------------------------------------------------------------

ONE = {"service": "a", "fired_at": 1, "acknowledged_at": 2, "resolved_at": 5, "resolution": "manual", "reopens": 3}
TWO = {"service": "b", "fired_at": 3, "acknowledged_at": None, "resolved_at": None, "resolution": None, "reopens": 1}


@pytest.mark.parametrize(
    ("hour", "status", "acknowledged", "resolved", "resolution", "reopens", "n_alerts"),
    [
        (1.5, "firing", None, None, None, None, 1),
        (2, "firing", None, None, None, None, 1),
        (2.5, "acknowledged", 2, None, None, None, 1),
        (3, "acknowledged", 2, None, None, None, 1),
        (4, "acknowledged", 2, None, None, None, 2),
        (5, "acknowledged", 2, None, None, None, 2),
        (5.5, "resolved", 2, 5, "manual", 3, 2),
    ],
)
def test_as_of_undoes_what_came_later(
    hour: float,
    status: str,
    acknowledged: float | None,
    resolved: float | None,
    resolution: str | None,
    reopens: int | None,
    n_alerts: int,
) -> None:
    history = alerts(ONE, TWO).as_of(at(hour))
    row = history.to_arrow().to_pylist()[0]
    assert history.n_alerts == n_alerts
    assert row["status"] == status
    assert row["acknowledged_at"] == (None if acknowledged is None else at(acknowledged))
    assert row["resolved_at"] == (None if resolved is None else at(resolved))
    assert row["resolution"] == resolution
    assert row["reopens"] == reopens
    assert row["observed_at"] == at(resolved or acknowledged or 1)
    assert history.watermark == at(min(hour, 5))
    assert history.span is not None
    assert history.span.end == history.watermark


def test_as_of_a_moment_before_the_first_alert() -> None:
    history = alerts(ONE).as_of(at(1))
    assert (history.n_alerts, history.watermark, history.span) == (0, at(1), None)


def test_as_of_after_the_last_observation_changes_nothing() -> None:
    history = alerts(ONE, TWO)
    later = history.as_of(at(500))
    assert later.to_arrow().equals(history.to_arrow())
    assert later.to_arrow()["reopens"].to_pylist() == [3, 1]
    assert later.watermark == history.watermark == at(5)


def test_suppressed_stays_a_word_of_its_own() -> None:
    row = {**ONE, "status": "suppressed"}
    assert alerts(row, TWO).as_of(at(2.5)).to_arrow()["status"].to_pylist() == ["suppressed"]


def test_the_earliest_of_several_moments_counts() -> None:
    history = alerts(ONE, TWO)
    assert history.as_of(at(4)).as_of(at(2)).settings == history.as_of(at(2)).as_of(at(4)).settings


def test_times_are_text_or_datetimes_with_or_without_a_zone() -> None:
    history = alerts(ONE, TWO)
    for moment in ("2026-03-01T04:00", "2026-03-01T06:00+02:00", at(4), at(4).replace(tzinfo=UTC)):
        assert history.as_of(moment).settings["as_of"] == at(4)
    with pytest.raises(HistoryError, match=r"as_of='soon' is not a time.*2016-04-01"):
        history.as_of("soon")


# -- commuting, and the future ------------------------------------------------------------------------------------

ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "tenant_id": st.sampled_from(["x", "y"]),
            "service": st.sampled_from(["a", "b", None]),
            "severity": st.sampled_from(["low", "critical", None]),
            "fired_at": st.integers(0, 10),
            "lasts": st.none() | st.integers(0, 12),
            "reopens": st.none() | st.integers(0, 2),
        }
    ),
    min_size=1,
    max_size=6,
)


def drawn(rows: list[dict[str, Any]], beyond: int = 100) -> pl.DataFrame:
    """The rows with times; an end later than `beyond` hours has not been seen yet."""
    made = []
    for number, row in enumerate(rows):
        end = None if row["lasts"] is None else row["fired_at"] + row["lasts"]
        seen = end is not None and end < beyond
        ours = {name: row[name] for name in ("tenant_id", "service", "severity", "reopens")}
        times = {"fired_at": at(row["fired_at"]), "resolved_at": at(end) if seen else None}
        made.append({"fingerprint": str(number), **ours, **times})
    time = pl.Datetime("us")
    words = ("fingerprint", "tenant_id", "service", "severity")
    schema = {**dict.fromkeys(words, pl.String), "reopens": pl.Int64, "fired_at": time, "resolved_at": time}
    return pl.DataFrame(made, schema=schema)


@pytest.mark.slow
@settings(max_examples=5, deadline=None)
@given(ROWS, st.integers(0, 12), st.integers(0, 12), st.sampled_from(["a", None, ["b", None]]))
def test_all_orders_of_narrowing_agree(rows: list[dict[str, Any]], moment: int, since: int, service: object) -> None:
    whole = AlertHistory.open(drawn(rows))
    steps = {
        "as of": lambda history: history.as_of(at(moment)),
        "tenant": lambda history: history.tenant("x"),
        "where": lambda history: history.where({"service": service}, since=at(since)),
        "until": lambda history: history.where("severity >= 'high' or severity is null", until=at(9)),
    }
    answers = []
    for order in [*permutations(steps)][::7]:
        history = whole
        for step in order:
            history = steps[step](history)
        answers.append((history.to_arrow(), {**history.settings, "where": None}, history.n_alerts))
    assert all(answer[0].equals(answers[0][0]) for answer in answers)
    assert all(answer[1:] == answers[0][1:] for answer in answers)


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@given(ROWS, st.integers(1, 12))
def test_the_future_does_not_leak(rows: list[dict[str, Any]], moment: int) -> None:
    # What a table looked like just before the moment, and the same table later, with more rows and ends known.
    then = AlertHistory.open(drawn([row for row in rows if row["fired_at"] < moment], beyond=moment))
    later = AlertHistory.open(drawn(sorted(rows, key=lambda row: row["fired_at"] >= moment))).as_of(at(moment))
    seen, known = (
        sorted(history.to_polars().select("tenant_id", "status", "fired_at", "resolved_at").rows(), key=repr)
        for history in (then, later)
    )
    assert known == seen


# -- where --------------------------------------------------------------------------------------------------------

TYPED = pl.DataFrame(
    {
        "fired_at": [at(1), at(2), at(2) + timedelta(milliseconds=500)],
        "service": ["db", 'it\'s \x00 "ü"', None],
        "severity": ["high", None, "low"],
        "occurrences": [1, 2, 3],
        "value": [85.0, 0.1, None],
        "flag": [True, False, None],
        "labels": ['{"CI Name": "x", "size": 5}', '{"CI Name": "true"}', None],
    }
)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"service": "db"}, [0]),
        ({"service": ["db", None]}, [0, 2]),
        ({"service": ("db",)}, [0]),
        ({"service": {"db"}}, [0]),
        ({"service": pl.Series(["db"])}, [0]),
        ({"service": None}, [2]),
        ({"service": []}, []),
        ({"service": 'it\'s \x00 "ü"'}, [1]),
        ({"service": "it's"}, []),
        ({"occurrences": 2}, [1]),
        ({"occurrences": 2.0}, [1]),
        ({"occurrences": "2"}, [1]),
        ({"occurrences": [1, "many"]}, [0]),
        ({"occurrences": True}, []),
        ({"value": 85}, [0]),
        ({"value": 0.1}, [1]),
        ({"value": [None, 0.1]}, [1, 2]),
        ({"flag": True}, [0]),
        ({"flag": "false"}, [1]),
        ({"fired_at": at(1)}, [0]),
        ({"fired_at": at(1).replace(tzinfo=UTC)}, [0]),
        ({"fired_at": ["2026-03-01T02:00+01:00"]}, [0]),
        ({"fired_at": at(2) + timedelta(milliseconds=500)}, [2]),
        ({"CI Name": "x"}, [0]),
        ({"CI Name": [True, None]}, [1, 2]),
        ({"size": 5}, [0]),
        ({"service": "db", "severity": "low"}, []),
        ({}, [0, 1, 2]),
        (None, [0, 1, 2]),
    ],
)
def test_where_a_mapping(wanted: dict[str, object] | None, expected: list[int]) -> None:
    history = AlertHistory.open(TYPED).where(wanted)
    assert [n - 1 for n in history.to_arrow()["occurrences"].to_pylist()] == expected
    assert history.n_alerts == len(expected)


def test_where_with_what_cannot_be() -> None:
    history = AlertHistory.open(TYPED)
    with pytest.raises(HistoryError, match="where: fired_at holds times, found 5"):
        history.where({"fired_at": 5})
    with pytest.raises(
        UnknownColumnError, match=r"'ci name'; columns: tenant_id, .*labels: CI Name, size.*case-sensitive"
    ):
        history.where({"ci name": "x"})
    with pytest.raises(KeyError):
        history.where("nothing = 1")


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [("sevrity", "severity"), ("Service", "service"), ("ci_name", "CI Name"), ("servce", "service")],
)
def test_a_name_that_is_nearly_right_is_asked_back(wrong: str, meant: str) -> None:
    history = AlertHistory.open(TYPED)
    with pytest.raises(UnknownColumnError, match=f"Hint: did you mean '{meant}'. names are case-sensitive"):
        history.where({wrong: "x"})
    with pytest.raises(UnknownColumnError, match="Hint: names are case-sensitive"):
        history.where({"zzzz": "x"})


def test_since_and_until_are_half_open_and_intersect() -> None:
    history = alerts(*({"fired_at": hour} for hour in range(6)))
    narrowed = history.where(since=at(1), until=at(5)).where(since=at(2), until=at(9))
    assert narrowed.to_arrow()["fired_at"].to_pylist() == [at(2), at(3), at(4)]
    assert narrowed.span is not None
    assert (narrowed.span.start, narrowed.span.end, narrowed.span.days) == (at(2), at(5), 0.125)
    assert narrowed.watermark == at(5)
    beyond = history.where(since=at(40)).span
    assert beyond is not None
    assert (beyond.start, beyond.end) == (at(40), at(40))


# -- tenants ------------------------------------------------------------------------------------------------------

HOSTILE = ["acme", "o'neil", "x' OR '1'='1", 'say "hi"', "a;DROP TABLE alerts;--", "\x00", "$now", "-- $a = 1\n", "ü😀"]


@pytest.mark.slow
def test_each_tenant_sees_its_own() -> None:
    whole = AlertHistory.open(pl.DataFrame({"tenant_id": HOSTILE, "fired_at": [DAY] * len(HOSTILE)}))
    for name in HOSTILE:
        mine = whole.tenant(name)
        assert mine.to_arrow()["tenant_id"].to_pylist() == [name]
        assert mine.sql("SELECT tenant_id FROM alerts").rows() == [(name,)]
        assert mine.describe().n_alerts == 1
    assert whole.tenant("nobody").n_alerts == 0
    assert whole.tenant("nobody").watermark is None


def test_there_is_no_way_to_another_tenant() -> None:
    mine = AlertHistory.open(pl.DataFrame({"tenant_id": ["a", "b"], "fired_at": [DAY, DAY]})).tenant("a")
    assert mine.tenant("a").n_alerts == 1
    with pytest.raises(HistoryError, match="belongs to tenant 'a'"):
        mine.tenant("b")
    assert mine.where({"tenant_id": "b"}).n_alerts == 0
    assert mine.where("tenant_id = 'b' or true = true").to_arrow()["tenant_id"].to_pylist() == ["a"]


def test_a_tenants_watermark_labels_and_quarantine_are_its_own() -> None:
    whole = AlertHistory.open(
        pl.DataFrame(
            {
                "tenant_id": ["a", "b", "b"],
                "fired_at": [at(1), at(2), None],
                "labels": ['{"mine": "1"}', '{"secret": "2"}', "{}"],
            }
        )
    )
    mine = whole.tenant("a")
    assert mine.watermark == at(1)
    assert mine.quarantine().num_rows == 0
    assert whole.tenant("b").quarantine()["reason"].to_pylist() == ["no fired_at"]
    with pytest.raises(UnknownColumnError) as caught:
        mine.where({"other": 1})
    assert "secret" not in str(caught.value)


# -- SQL of one's own ---------------------------------------------------------------------------------------------


def test_sql_sees_the_scope() -> None:
    whole = alerts(ONE, TWO)
    for history in (whole, whole.tenant("default")):
        assert history.sql("SELECT count(*) AS n FROM alerts").rows() == [(2,)]
        narrowed = history.where({"service": "a"}).as_of(at(3))
        assert narrowed.sql("SELECT service, status FROM alerts").rows() == [("a", "acknowledged")]
        assert narrowed.sql("SELECT ? AS a, service FROM alerts", [1]).rows() == [(1, "a")]
        assert narrowed.sql("SELECT $a AS a", {"a": "x'"}).rows() == [("x'",)]
        assert narrowed.sql("SELECT * FROM alerts WHERE false").shape == (0, 26)


@pytest.mark.parametrize("tenant", [None, "default"])
def test_sql_leaves_the_history_as_it_is(tenant: str | None) -> None:
    with AlertStore.open(tenant=tenant) as store:
        store.ingest(pl.DataFrame({"fired_at": [DAY]}))
        history = store.history()
        for text in (
            "DELETE FROM alerts",
            "DROP TABLE alerts",
            "DELETE FROM store.alerts",
            "COMMIT; DROP TABLE alerts",
            "CREATE TABLE more AS SELECT 1",
            "SELEC 1",
            "SELECT nothing FROM alerts",
            "SELECT error('no')",
        ):
            with pytest.raises(QueryError, match=r"SQL|sql|is no question"):
                history.sql(text)
        assert history.sql("SELECT count(*) FROM alerts").rows() == [(1,)]
        assert store.history().n_alerts == 1


def test_sql_of_a_tenant_reaches_nothing_else(tmp_path: Any) -> None:
    (tmp_path / "secret.csv").write_text("a\n1\n", encoding="utf-8")
    with AlertStore.open(tmp_path / "a.duckdb") as store:
        store.ingest(pl.DataFrame({"tenant_id": ["a", "b"], "fired_at": [DAY, DAY]}))
        mine = store.history().tenant("a")
        for text in (
            "SELECT * FROM store.alerts",
            "SELECT * FROM judged",
            "SELECT * FROM given",
            f"SELECT * FROM '{tmp_path / 'secret.csv'}'",
            f"ATTACH '{tmp_path / 'a.duckdb'}'",
            f"COPY alerts TO '{tmp_path / 'out.csv'}'",
            "SET enable_external_access = true",
        ):
            with pytest.raises(QueryError, match=r"history\.sql: |is no question"):
                mine.sql(text)
        tables = mine.sql("SELECT database_name, table_name FROM duckdb_tables()").rows()
        assert [name for _, name in tables] == ["alerts"]


def test_a_history_prints_its_scope() -> None:
    shown = repr(alerts(ONE, TWO).tenant("default").where({"service": "a"}))
    assert shown == (
        "<AlertHistory of DataFrame: 1 alert until 2026-03-01 05:00:00; "
        "scope {'tenant': 'default', 'where': [{'service': ['a']}]}>"
    )


@pytest.mark.parametrize("tenant", [0, 1.5, True, b"a", ["a"], DAY, "", "\ud800"])
def test_a_tenant_that_is_no_name_is_refused_without_quoting_others(tenant: Any, tmp_path: Any) -> None:
    path = tmp_path / "a.duckdb"
    with AlertStore.open(path) as store:
        store.ingest(pl.DataFrame({"tenant_id": ["secret"], "fired_at": [DAY]}))
        with pytest.raises(HistoryError, match="expected a name"):
            store.history().tenant(tenant)
    with pytest.raises(HistoryError, match="expected a name"):
        AlertStore.open(path, tenant=tenant)


@pytest.mark.parametrize(
    "text",
    [
        "EXPLAIN ANALYZE COPY alerts TO 'out.csv'",
        "explain/**/analyze--\ncopy alerts to 'out.csv'",
        "EXPLAIN (ANALYZE, FORMAT json) COPY alerts TO 'out.csv'",
        "FROM enable_logging(storage = 'file', storage_path = 'out')",
        "FROM enable_profiling(save_location = 'out.txt')",
        "EXPLAIN ANALYZE SET threads = 1",
    ],
)
def test_a_question_of_anybody_writes_no_file(text: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for history in (alerts(ONE, TWO), alerts(ONE, TWO).tenant("default")):
        with pytest.raises(QueryError):
            history.sql(text)
        assert history.sql("EXPLAIN ANALYZE /* all */ FROM alerts").height == 1
    assert list(tmp_path.iterdir()) == []


def test_intervals_are_refused_with_the_way_out() -> None:
    with pytest.raises(QueryError, match=r"intervals.*epoch\(resolved_at - fired_at\)"):
        alerts(ONE, TWO).sql("SELECT INTERVAL 1 DAY AS a")


def test_labels_that_name_one_label_twice_are_set_aside_alone() -> None:
    rows = pl.DataFrame({"fired_at": [DAY, DAY], "labels": ['{"a": 1, "a": 2}', '{"a": 1}']})
    history = AlertHistory.open(rows)
    assert history.to_arrow()["labels"].to_pylist() == [[("a", "1")]]
    assert history.quarantine()["reason"].to_pylist() == ["labels is no JSON object"]


@pytest.mark.parametrize("query", ["merge_log", "store", "../history/store", "/tmp/x", "nothing"])
@pytest.mark.parametrize("package", ["alert_analytics.history", "os", "alert_analytics.analytics"])
def test_only_questions_of_the_library_are_asked(query: str, package: str) -> None:
    with pytest.raises(QueryError, match="has no query"):
        alerts(ONE, TWO).ask(query, package=package)
    assert not hasattr(alerts(ONE, TWO).ask("extent", package="alert_analytics.history"), "relation")
