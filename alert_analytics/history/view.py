"""The rows that a scope leaves of a base, and what is measured on them once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import duckdb
from duckdb import ColumnExpression, ConstantExpression, FunctionExpression

from alert_analytics.engine import failure, run
from alert_analytics.errors import HistoryError, UnknownColumnError, nearest
from alert_analytics.history.base import STORE, Base
from alert_analytics.history.conditions import compiled
from alert_analytics.history.scope import Resolve, Scope, events_as_of, matching_rows, tenant_rows

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation, Expression


FIELDS = "_fields"


class View:
    """A base under a scope.

    Parameters
    ----------
    base : Base
        Every row.
    scope : Scope
        Which of them count.
    """

    def __init__(self, base: Base, scope: Scope) -> None:
        self.base = base
        self.scope = scope
        self._seen: dict[str, tuple[int, Any]] = {}

    def relation(self, cursor: DuckDBPyConnection, keys: Mapping[str, Sequence[str]] | None = None) -> DuckDBPyRelation:
        """The alerts in scope.

        Parameters
        ----------
        cursor : DuckDBPyConnection
            Where the relation lives.
        keys : mapping of str to sequence of str, optional
            For each name an extra VARCHAR[] column with the values of these columns or labels, as text, and the same as
            a STRUCT under the name and ``_fields`` (null where there are none), which groups and joins several times
            as fast. They stand in for columns of those names.

        Raises
        ------
        UnknownColumnError
            The scope or a key names neither a column nor a label.
        ConditionError
            A condition of the scope compares values of different kinds.
        HistoryError
            A name or a value is none that the database can hold.
        """
        try:
            return self._related(cursor, keys or {})
        except duckdb.Error as error:  # text with half of a surrogate pair, say
            raise HistoryError(f"{self.base.origin}: {str(error).splitlines()[0]}") from error

    def _related(self, cursor: DuckDBPyConnection, keys: Mapping[str, Sequence[str]]) -> DuckDBPyRelation:
        moment, last = self.scope.as_of, self.last_observed
        # After the last observation there is nothing to undo.
        if moment is None or (last is not None and moment > last):
            known = tenant_rows(self.base.sound(cursor), self.scope)
        else:
            known = self.base.sound_as_of(cursor, self.scope, moment)
        for context in self.scope.context:
            known = context.applied(cursor, known, self._resolver(known), moment)
        resolve = self._resolver(known)
        tests = [compiled(condition, resolve, known) for condition in self.scope.conditions]
        rows = matching_rows(known, self.scope, resolve, tests)
        if not keys:
            return rows
        extra = [key for name, columns in keys.items() for key in _key(name, columns, resolve)]
        names = {made.lower() for key in keys for made in (key, key + FIELDS)}
        taken = [name for name in rows.columns if name.lower() in names]
        return rows.select(duckdb.StarExpression(exclude=taken), *extra)

    def events(self, cursor: DuckDBPyConnection) -> DuckDBPyRelation:
        """What a store was told of the tenant's alerts as of then, one change at a time; rows of tables are none.

        Raises
        ------
        HistoryError
            There is no store behind.
        """
        if not self.base.in_store:
            raise HistoryError(
                f"{self.base.origin} keeps alerts, not the events that they come from.",
                hint="ingest them into an AlertStore and ask store.history().",
            )
        told = tenant_rows(cursor.table(f"{STORE}.alert_events"), self.scope)
        events = told.filter(ColumnExpression("kind") != ConstantExpression("row"))
        return events if self.scope.as_of is None else events_as_of(cursor, events, self.scope.as_of)

    def ordered(self) -> DuckDBPyRelation:
        """The alerts in scope on a cursor of their own, in order of ``fired_at``."""
        return self.relation(self.base.cursor()).order("fired_at, alert_id")

    def fetched(self, rows: DuckDBPyRelation, how: str) -> Any:
        """Fetch rows by the relation's method `how`.

        Raises
        ------
        QueryError
            The database failed, as where a file has gone since it was opened.
        """
        try:
            return getattr(rows, how)()
        except duckdb.Error as error:
            raise failure(self.base.origin, error) from error

    # -- measured once ------------------------------------------------------------------------------------------

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """What `make` gave since the rows last changed."""
        version = self.base.version()
        if name not in self._seen or self._seen[name][0] != version:
            self._seen[name] = (version, make())
        return self._seen[name][1]

    @property
    def measured(self) -> dict[str, Any]:
        """``n_alerts`` in scope; ``first_fired_at`` of all of the tenant's alerts as of then, and the ``watermark``."""
        found: dict[str, Any] = self.once("measured", self._measure)
        return found

    @property
    def last_observed(self) -> datetime | None:
        """The largest time observed in all of the tenant's alerts."""
        last: datetime | None
        if self.base.in_store:
            last = self.once("observed", lambda: self.base.last_observed(self.base.cursor(), self.scope.tenant))
        else:
            last = self._whole["last_observed"]
        return last

    @property
    def _whole(self) -> dict[str, Any]:
        """The extent of all of the tenant's alerts."""

        def find() -> dict[str, Any]:
            if self.scope.tenant is None and self.base.sound_extent is not None:
                return self.base.sound_extent
            cursor = self.base.cursor()
            return _extent(tenant_rows(self.base.sound(cursor), self.scope), cursor)

        found: dict[str, Any] = self.once("whole", find)
        return found

    @property
    def labels(self) -> list[str]:
        """The labels that any of the tenant's alerts carries."""

        def find() -> list[str]:
            cursor = self.base.cursor()
            rows = tenant_rows(self.base.sound(cursor), self.scope)
            table = run(cursor, "labels", package=__package__, relations={"alerts": rows}).arrow()
            return [str(name) for name in table["label"].to_pylist()]

        found: list[str] = self.once("labels", find)
        return found

    def _measure(self) -> dict[str, Any]:
        cursor = self.base.cursor()
        narrowed = self.scope != Scope(tenant=self.scope.tenant)
        measured = _extent(self.relation(cursor), cursor) if narrowed else self._whole
        first = self._whole["first_fired_at"]
        if first is not None and self.scope.as_of is not None and first >= self.scope.as_of:
            first = None
        moments = (self.last_observed, self.base.complete_until(cursor, self.scope.tenant))
        latest = max((t for t in moments if t is not None), default=None)
        if self.scope.as_of is not None and latest is not None:
            # Of the time after the last observation nothing is known, whatever moment is asked for.
            latest = min(self.scope.as_of, latest)
        return {"n_alerts": measured["n_alerts"], "first_fired_at": first, "watermark": latest}

    def _resolver(self, relation: DuckDBPyRelation) -> Resolve:
        columns = set(relation.columns)

        def resolve(name: str) -> Expression:
            if name in columns:
                return ColumnExpression(name)
            if name in self.labels:
                return FunctionExpression("map_extract_value", ColumnExpression("labels"), ConstantExpression(name))
            shown = [one for one in relation.columns if one not in {"labels", "metadata"}]
            meant = nearest([name], [*shown, *self.labels])
            raise UnknownColumnError(
                f"No column or label {name!r}; columns: {', '.join(shown)}; "
                f"labels: {', '.join(self.labels) or 'none'}.",
                hint=f"{'' if meant is None else f'{meant} '}names are case-sensitive.",
            )

        return resolve


def _extent(rows: DuckDBPyRelation, cursor: DuckDBPyConnection) -> dict[str, Any]:
    answer = run(cursor, "extent", package=__package__, relations={"alerts": rows})
    found: dict[str, Any] = answer.arrow().to_pylist()[0]
    return found


def _key(name: str, columns: Sequence[str], resolve: Resolve) -> Iterator[Expression]:
    text = [resolve(column).cast(duckdb.type("VARCHAR")) for column in columns]
    yield FunctionExpression("list_value", *text).cast(duckdb.type("VARCHAR[]")).alias(name)
    fields = [one.alias(f"k{i}") for i, one in enumerate(text, start=1)]
    nothing = ConstantExpression(None).cast(duckdb.type("VARCHAR"))
    yield (FunctionExpression("struct_pack", *fields) if fields else nothing).alias(name + FIELDS)
