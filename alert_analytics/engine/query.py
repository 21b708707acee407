"""Run a static ``.sql`` file over a relation and hand back the answer together with the SQL that gave it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from alert_analytics.engine.failures import failure
from alert_analytics.errors import QueryError

_READING = {duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN, duckdb.StatementType.RELATION}


@dataclass(frozen=True)
class Answer:
    """The rows of one query, and the text that produced them.

    Attributes
    ----------
    relation : duckdb.DuckDBPyRelation
        The rows, not yet fetched.
    sql : str
        The query with its scope and parameters, for a reader.
    where : str
        The file's name, for error messages.
    """

    relation: duckdb.DuckDBPyRelation
    sql: str
    where: str

    def arrow(self) -> pa.Table:
        """Fetch the rows as an Arrow table.

        Returns
        -------
        pyarrow.Table
            All rows.

        Raises
        ------
        QueryError
            The database failed while computing them.
        """
        try:
            return self.relation.to_arrow_table()
        except duckdb.Error as error:
            raise _failed(self.where, self.sql, error) from error

    def numpy(self) -> dict[str, np.ndarray[Any, Any]]:
        """Fetch the rows as one array a column; nulls make masked arrays.

        Returns
        -------
        dict of str to numpy.ndarray
            All rows.

        Raises
        ------
        QueryError
            The database failed while computing them.
        """
        try:
            return self.relation.fetchnumpy()
        except duckdb.Error as error:
            raise _failed(self.where, self.sql, error) from error


@lru_cache(maxsize=64)
def text_of(package: str, query: str) -> str:
    """Read the text of ``<package>/<query>.sql``.

    Parameters
    ----------
    package : str
        A package of the library.
    query : str
        The file's name without its ending.

    Returns
    -------
    str
        The file's text.
    """
    return files(package).joinpath(f"{query}.sql").read_text(encoding="utf-8")


def run(
    cursor: duckdb.DuckDBPyConnection,
    query: str,
    *,
    package: str,
    relations: Mapping[str, duckdb.DuckDBPyRelation] | None = None,
    params: Mapping[str, object] | None = None,
    lasting: bool = False,
) -> Answer:
    """Run ``<package>/<query>.sql`` with `relations` visible under their names and `params` bound.

    Parameters
    ----------
    cursor : duckdb.DuckDBPyConnection
        A cursor of the caller's own: the relations become temporary views on it.
    query, package : str
        Which static file.
    relations : mapping of str to duckdb.DuckDBPyRelation, optional
        What the file calls by name; the names are constants of the caller.
    params : mapping of str to object, optional
        Values for ``$name`` in the file. Those that the file does not name are left out.
    lasting : bool
        Whether the views are for every cursor of the database, not for this one alone.

    Returns
    -------
    Answer
        The rows (lazily) and the SQL.

    Raises
    ------
    QueryError
        The database refused the query; the message names the file and its parameters.
    """
    text = text_of(package, query)
    scope: list[str] = []
    # DuckDB itself renders a relation back to SQL, with every value quoted by its own serializer.
    kind = "VIEW" if lasting else "TEMP VIEW"
    for name, relation in (relations or {}).items():
        scope.append(f"CREATE OR REPLACE {kind} {name} AS {relation.sql_query()};")
    wanted = set(re.findall(r"\$(\w+)", text))
    bound = {name: value for name, value in (params or {}).items() if name in wanted}
    shown = "\n".join([*scope, *(f"-- ${name} = {value!r}" for name, value in bound.items()), text])
    try:
        for view in scope:
            cursor.execute(view)
        # An empty dict makes DuckDB expect named parameters that are not there.
        relation = cursor.sql(text, params=bound) if bound else cursor.sql(text)
    except duckdb.Error as error:
        raise _failed(f"{query}.sql", shown, error) from error
    return Answer(relation, shown, f"{query}.sql")


def run_free(
    cursor: duckdb.DuckDBPyConnection, text: str, params: Sequence[object] | Mapping[str, object] | None = None
) -> duckdb.DuckDBPyRelation:
    """Run one statement that somebody else wrote, reading only.

    Parameters
    ----------
    cursor : duckdb.DuckDBPyConnection
        A cursor of the caller's own; a read-only transaction is begun on it.
    text : str
        DuckDB SQL.
    params : sequence or mapping, optional
        Values for ``?`` or ``$name`` in it.

    Returns
    -------
    duckdb.DuckDBPyRelation
        The rows, not yet fetched.

    Raises
    ------
    QueryError
        It is not one statement, or none that only reads.
    duckdb.Error
        The database refused it.
    """
    # A second statement could end the transaction that keeps the first one from writing, and a transaction that reads
    # only does not stop COPY, ATTACH, DETACH or SET.
    statements = cursor.extract_statements(text)
    if len(statements) != 1:
        raise QueryError(f"The text holds {len(statements)} SQL statements; expected one.")
    kind = statements[0].type
    if kind not in _READING:
        raise QueryError(
            f"{kind.name} is no question; expected a query.", hint="begin with SELECT, WITH, FROM, DESCRIBE or EXPLAIN."
        )
    cursor.execute("BEGIN TRANSACTION READ ONLY")
    return cursor.sql(text, params=params) if params else cursor.sql(text)


def _failed(where: str, sql: str, error: duckdb.Error) -> QueryError:
    bound = "; ".join(line.removeprefix("-- ") for line in sql.splitlines() if line.startswith("-- $"))
    return failure(f"{where} failed ({bound or 'no parameters'})", error)
