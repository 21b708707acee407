"""Run a static ``.sql`` file over a relation and hand back the answer together with the SQL that gave it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from itertools import pairwise
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from alert_analytics.engine.failures import failure
from alert_analytics.errors import QueryError

_READING = {duckdb.StatementType.SELECT, duckdb.StatementType.RELATION}
_QUERY_NAME = re.compile(r"[a-z][a-z0-9_]*")
_EXPLAIN = re.compile(r"^\s*explain(\s+analy[sz]e\b|\s*\(\s*(analy[sz]e|format)\b[\w\s,]*\))?", re.IGNORECASE)


class Answer:
    """The rows of one query, and the text that produced them; no way on to the database that gave them.

    Attributes
    ----------
    sql : str
        The query with its scope and parameters, for a reader.
    """

    def __init__(self, relation: duckdb.DuckDBPyRelation, sql: str, where: str) -> None:
        self._relation = relation
        self.sql = sql
        self._where = where

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
            return self._relation.to_arrow_table()
        except duckdb.Error as error:
            raise _failed(self._where, self.sql, error) from error

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
            return self._relation.fetchnumpy()
        except duckdb.Error as error:
            raise _failed(self._where, self.sql, error) from error


class OpenAnswer(Answer):
    """An answer that other queries go on from, inside the library: its relation leads to all of the database."""

    @property
    def relation(self) -> duckdb.DuckDBPyRelation:
        """The rows, not yet fetched."""
        return self._relation

    def closed(self) -> Answer:
        """The same answer for whoever may see these rows alone."""
        return Answer(self._relation, self.sql, self._where)


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

    Raises
    ------
    QueryError
        The package has no such file. A name is one word, so that it leads into no other folder.
    """
    try:
        if not _QUERY_NAME.fullmatch(query):
            raise FileNotFoundError(query)
        return files(package).joinpath(f"{query}.sql").read_text(encoding="utf-8")
    except (FileNotFoundError, ModuleNotFoundError, ValueError) as error:
        raise QueryError(f"{package} has no query {query!r}; expected the name of one of its .sql files.") from error


def run(
    cursor: duckdb.DuckDBPyConnection,
    query: str,
    *,
    package: str,
    relations: Mapping[str, duckdb.DuckDBPyRelation] | None = None,
    params: Mapping[str, object] | None = None,
    lasting: bool = False,
) -> OpenAnswer:
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
    OpenAnswer
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
    return OpenAnswer(relation, shown, f"{query}.sql")


def stacked(
    cursor: duckdb.DuckDBPyConnection,
    query: str,
    *,
    package: str,
    relations: Mapping[str, duckdb.DuckDBPyRelation],
) -> duckdb.DuckDBPyRelation:
    """Run ``<package>/<query>.sql`` as one layer of a relation that others are laid on.

    As :func:`run`, but `relations` are visible within this layer alone and no view is left behind: the same file can
    stand several times in one relation. Nothing can be bound; what varies is a column of `relations`.

    Parameters
    ----------
    cursor : duckdb.DuckDBPyConnection
        Where the relation lives.
    query, package : str
        Which static file.
    relations : mapping of str to duckdb.DuckDBPyRelation
        What the file calls by name; the names are constants of the caller.

    Returns
    -------
    duckdb.DuckDBPyRelation
        The rows, lazily.

    Raises
    ------
    QueryError
        The database refused the query; the message names the file.
    """
    named = ",\n".join(f"{name} AS NOT MATERIALIZED ({one.sql_query()})" for name, one in relations.items())
    text = f"WITH {named}\nSELECT * FROM (\n{text_of(package, query)}\n)"
    try:
        return cursor.sql(text)
    except duckdb.Error as error:
        raise _failed(f"{query}.sql", text, error) from error


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
    kind = _kind_of(cursor, text)
    if kind == duckdb.StatementType.EXPLAIN:
        # EXPLAIN ANALYZE does what it explains. What runs is the text that was looked at.
        text = _without_comments(text)
        kind = _kind_of(cursor, _EXPLAIN.sub("", text, count=1))
    if kind not in _READING:
        raise QueryError(
            f"{kind.name} is no question; expected a query.", hint="begin with SELECT, WITH, FROM, DESCRIBE or EXPLAIN."
        )
    cursor.execute("BEGIN TRANSACTION READ ONLY")
    return cursor.sql(text, params=params) if params else cursor.sql(text)


def _kind_of(cursor: duckdb.DuckDBPyConnection, text: str) -> duckdb.StatementType:
    statements = cursor.extract_statements(text)
    if len(statements) != 1:
        raise QueryError(f"The text holds {len(statements)} SQL statements; expected one.")
    return statements[0].type


def _without_comments(text: str) -> str:
    """The same statement with blanks for its comments, which may stand between any two words."""
    written = text.encode()
    tokens = [*duckdb.tokenize(text), (len(written), None)]  # where in the bytes each begins, and its kind
    return "".join(
        " " if kind == duckdb.token_type.comment else written[start:end].decode()
        for (start, kind), (end, _) in pairwise(tokens)
    )


def _failed(where: str, sql: str, error: duckdb.Error) -> QueryError:
    bound = "; ".join(line.removeprefix("-- ") for line in sql.splitlines() if line.startswith("-- $"))
    return failure(f"{where} failed ({bound or 'no parameters'})", error)
