"""A named query: what it sees, what it tells, and how it fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from alert_analytics.engine import connect, run, run_free
from alert_analytics.engine.query import Answer
from alert_analytics.errors import QueryError


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A package of four queries."""
    folder = tmp_path / "some_queries"
    folder.mkdir()
    (folder / "__init__.py").write_text("", encoding="utf-8")
    for name, text in {
        "scaled": "SELECT a * $factor AS a FROM rows ORDER BY a",
        "plain": "SELECT count(*) AS n FROM rows",
        "unbound": "SELECT nothing FROM rows",
        "failing": "SELECT error('it broke: ' || $word)::INTEGER AS a FROM rows",
    }.items():
        (folder / f"{name}.sql").write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    return "some_queries"


def test_relations_and_parameters(package: str) -> None:
    cursor = connect()
    rows = {"rows": cursor.sql("SELECT unnest([1, 2]) AS a")}
    answer = run(cursor, "scaled", package=package, relations=rows, params={"factor": 3, "other": 1})
    assert answer.arrow().to_pydict() == {"a": [3, 6]}
    assert answer.numpy()["a"].tolist() == [3, 6]
    assert answer.sql.startswith("CREATE OR REPLACE TEMP VIEW rows AS")
    assert "-- $factor = 3" in answer.sql
    assert "other" not in answer.sql
    assert answer.sql.endswith("SELECT a * $factor AS a FROM rows ORDER BY a")


def test_no_parameters(package: str) -> None:
    cursor = connect()
    rows = {"rows": cursor.sql("SELECT 1 AS a")}
    assert run(cursor, "plain", package=package, relations=rows, params={"other": 1}).numpy()["n"].tolist() == [1]


def test_views_are_the_cursors_own_unless_they_are_to_last(package: str) -> None:
    connection = connect()
    for lasting in (False, True):
        cursor = connection.cursor()
        rows = {"rows": cursor.sql("SELECT 1 AS a")}
        run(cursor, "plain", package=package, relations=rows, lasting=lasting).arrow()
        seen = connection.cursor().sql("SELECT count(*) FROM duckdb_views() WHERE view_name = 'rows'").fetchall()
        assert seen == [(int(lasting),)]


def test_a_query_that_does_not_bind_names_its_file(package: str) -> None:
    cursor = connect()
    with pytest.raises(QueryError, match=r"unbound\.sql failed \(no parameters\): .*nothing"):
        run(cursor, "unbound", package=package, relations={"rows": cursor.sql("SELECT 1 AS a")})


@pytest.mark.parametrize("fetch", [Answer.arrow, Answer.numpy])
def test_a_query_that_fails_while_running_names_its_file_and_parameters(package: str, fetch: object) -> None:
    cursor = connect()
    rows = {"rows": cursor.sql("SELECT 1 AS a")}
    answer = run(cursor, "failing", package=package, relations=rows, params={"word": "ouch"})
    with pytest.raises(QueryError, match=r"failing\.sql failed \(\$word = 'ouch'\): .*it broke: ouch") as caught:
        fetch(answer)  # type: ignore[operator]
    assert isinstance(caught.value, RuntimeError)
    assert caught.value.__cause__ is not None


def test_a_relation_that_is_gone_names_the_file(package: str) -> None:
    cursor = connect()
    cursor.execute("CREATE TABLE t AS SELECT 1 AS a")
    gone = {"rows": cursor.table("t")}
    cursor.execute("DROP TABLE t")
    with pytest.raises(QueryError, match=r"plain\.sql failed"):
        run(cursor, "plain", package=package, relations=gone)


def test_a_free_query_reads_and_cannot_write() -> None:
    connection = connect()
    connection.execute("CREATE TABLE t AS SELECT 1 AS a")
    assert run_free(connection.cursor(), "SELECT a + $b FROM t", {"b": 1}).fetchall() == [(2,)]
    assert run_free(connection.cursor(), "SELECT a + ? FROM t", [2]).fetchall() == [(3,)]
    for text, said in [
        ("DELETE FROM t", "DELETE is no question"),
        ("DROP TABLE t", "DROP is no question"),
        ("COMMIT", "TRANSACTION is no question"),
        ("COMMIT; DELETE FROM t", "2 SQL statements"),
        ("", "0 SQL statements"),
    ]:
        with pytest.raises(QueryError, match=said):
            run_free(connection.cursor(), text)
    assert connection.sql("SELECT count(*) FROM t").fetchall() == [(1,)]
