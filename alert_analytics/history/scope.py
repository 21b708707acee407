"""Which alerts a history speaks of: one tenant, as of a moment, between two times, under conditions.

The parts of a scope commute: they are kept apart and applied in one fixed order (tenant, as of, what else is known of
alerts, conditions, times), so that it does not matter in which order a user names them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import reduce
from operator import and_, or_
from typing import TYPE_CHECKING

import duckdb
from duckdb import (
    CaseExpression,
    CoalesceOperator,
    ColumnExpression,
    ConstantExpression,
    StarExpression,
)

from alert_analytics.engine import run
from alert_analytics.errors import HistoryError
from alert_analytics.history.schema import kind_of

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation, Expression

    from alert_analytics.alerts.conditions import Expression as Condition
    from alert_analytics.history.context import Context

Resolve = Callable[[str], "Expression"]
"""From the name of a column or label to what reads it; raises UnknownColumnError."""

_WHOLE = re.compile(r"[+-]?\d{1,38}")

# A row knows them when its alert is over: for one that is open as of t they would tell the future.
_FINAL_COUNTS = ("escalations", "reassignments", "reopens", "notifications")


@dataclass(frozen=True)
class Scope:
    """The part of a store or table that a history looks at.

    Attributes
    ----------
    tenant : str or None
        One tenant, or everyone's (the operator's view).
    as_of : datetime or None
        What was known just before this moment.
    since, until : datetime or None
        ``since <= fired_at < until``.
    equals : tuple of (str, tuple)
        A column or label and the values it may have; None among them admits missing.
    conditions : tuple of Condition
        Parsed expressions that must hold.
    context : tuple of Context
        What else is known: enrichments, maintenance windows, incidents. They build on one another in this order.
    """

    tenant: str | None = None
    as_of: datetime | None = None
    since: datetime | None = None
    until: datetime | None = None
    equals: tuple[tuple[str, tuple[object, ...]], ...] = ()
    conditions: tuple[Condition, ...] = ()
    context: tuple[Context, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what is no tenant's name: compared with a number, others' names would be quoted as unreadable.

        Raises
        ------
        HistoryError
            The tenant is neither None nor text.
        """
        if self.tenant is not None and not _is_name(self.tenant):
            raise HistoryError(
                f"tenant={self.tenant!r}; expected a name.", hint="without a tenant it is everyone's history."
            )

    def for_tenant(self, name: str) -> Scope:
        """Narrow to one tenant; a scope that has one cannot move to another."""
        if not _is_name(name):
            raise HistoryError(f"tenant={name!r}; expected a name.", hint="without tenant() it is everyone's history.")
        if self.tenant is not None and self.tenant != name:
            raise HistoryError(
                f"This history belongs to tenant {self.tenant!r}; it has no way to another's alerts.",
                hint="open a history for the other tenant from its store.",
            )
        return replace(self, tenant=name)

    def known_by(self, moment: datetime) -> Scope:
        """Narrow to what was known before `moment`; the earliest of several moments counts."""
        return replace(self, as_of=moment if self.as_of is None else min(moment, self.as_of))

    def fired_between(self, since: datetime | None, until: datetime | None) -> Scope:
        """Narrow to alerts fired in ``[since, until)``; several ranges intersect."""
        lows = [t for t in (self.since, since) if t is not None]
        highs = [t for t in (self.until, until) if t is not None]
        return replace(self, since=max(lows, default=None), until=min(highs, default=None))

    def equal_to(self, wanted: Mapping[str, object]) -> Scope:
        """Require columns or labels to have one of the values given.

        Raises
        ------
        HistoryError
            A name is no text.
        """
        if wrong := [name for name in wanted if not isinstance(name, str)]:
            raise HistoryError(f"where: {wrong[0]!r} names no column; expected text.", hint="where({'service': 'db'})")
        pairs = ((name, _values(value)) for name, value in wanted.items())
        return replace(self, equals=self.equals + tuple(pairs))

    def satisfying(self, condition: Condition) -> Scope:
        """Require a parsed condition to hold."""
        return replace(self, conditions=(*self.conditions, condition))

    def knowing(self, context: Context) -> Scope:
        """Lay something beside the alerts, on top of what lies there.

        What takes alerts out lies below what gathers them: an alert that does not count joins no incident.
        """
        gathering = [i for i, one in enumerate(self.context) if one.gathers]
        at = gathering[0] if context.takes_out and gathering else len(self.context)
        return replace(self, context=(*self.context[:at], context, *self.context[at:]))

    def described(self) -> dict[str, object]:
        """Say the scope in plain values, for a result's settings."""
        told = {"context": [one.described() for one in self.context]} if self.context else {}
        return told | {
            "tenant": self.tenant,
            "as_of": self.as_of,
            "since": self.since,
            "until": self.until,
            "where": [{name: list(values)} for name, values in self.equals] + [str(c) for c in self.conditions],
        }


def tenant_rows(relation: DuckDBPyRelation, scope: Scope) -> DuckDBPyRelation:
    """Keep the scope's tenant."""
    if scope.tenant is None:
        return relation
    return relation.filter(ColumnExpression("tenant_id") == ConstantExpression(scope.tenant))


def rows_as_of(relation: DuckDBPyRelation, moment: datetime) -> DuckDBPyRelation:
    """Undo what had not happened by `moment`: later alerts go, later acknowledgements and ends become null.

    Notes
    -----
    Where a source gives no observation time, each event counts as observed at its own event time.
    """
    t = ConstantExpression(moment)
    null = ConstantExpression(None)
    suppressed = ColumnExpression("status") == ConstantExpression("suppressed")
    over, taken = ColumnExpression("resolved_at") < t, ColumnExpression("acknowledged_at") < t
    changed: dict[str, Expression] = {
        "resolved_at": _if(over, ColumnExpression("resolved_at"), null),
        "acknowledged_at": _if(taken, ColumnExpression("acknowledged_at"), null),
        "resolution": _if(over, ColumnExpression("resolution"), null),
        "observed_at": _if(
            ColumnExpression("observed_at") < t,
            ColumnExpression("observed_at"),
            CoalesceOperator(
                _if(over, ColumnExpression("resolved_at"), null),
                _if(taken, ColumnExpression("acknowledged_at"), null),
                ColumnExpression("fired_at"),
            ),
        ),
        "status": CaseExpression(suppressed, ColumnExpression("status"))
        .when(over, ConstantExpression("resolved"))
        .when(taken, ConstantExpression("acknowledged"))
        .otherwise(ConstantExpression("firing")),
    }
    changed["occurrences"] = _if(over, ColumnExpression("occurrences"), ConstantExpression(1))
    changed |= {name: _if(over, ColumnExpression(name), null) for name in _FINAL_COUNTS}
    columns = [changed.get(name, ColumnExpression(name)).alias(name) for name in relation.columns]
    return relation.filter(ColumnExpression("fired_at") < t).select(*columns)


def events_as_of(cursor: DuckDBPyConnection, events: DuckDBPyRelation, moment: datetime) -> DuckDBPyRelation:
    """Keep the events of a store's log that had happened and were observed by `moment`, and of rows what they tell."""
    t, is_row = ConstantExpression(moment), ColumnExpression("kind") == ConstantExpression("row")
    seen = (ColumnExpression("happened_at") < t) & (ColumnExpression("observed_at") < t)
    rows = events.filter(is_row).select(StarExpression(), t.alias("known_by"))
    known = run(cursor, "rows_known", package=__package__, relations={"told_rows": rows}).relation
    return events.filter(~is_row & seen).union(rows_as_of(known, moment))


def matching_rows(
    relation: DuckDBPyRelation, scope: Scope, resolve: Resolve, tests: Iterable[Expression]
) -> DuckDBPyRelation:
    """Keep the rows that the scope's conditions and times admit."""
    kinds = {name: kind_of(str(kind)) for name, kind in zip(relation.columns, relation.types, strict=True)}
    every = [_one_of(name, resolve(name), kinds.get(name, "text"), values) for name, values in scope.equals]
    every += list(tests)
    if scope.since is not None:
        every.append(ColumnExpression("fired_at") >= ConstantExpression(scope.since))
    if scope.until is not None:
        every.append(ColumnExpression("fired_at") < ConstantExpression(scope.until))
    return relation.filter(reduce(and_, every)) if every else relation


def moment(value: date | str, what: str) -> datetime:
    """Read a time: a datetime (naive is UTC), a date (its midnight) or ISO 8601 text.

    Raises
    ------
    HistoryError
        It is none, or in UTC beyond the years 1 to 9999.
    """
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError as error:
            raise HistoryError(
                f"{what}={value!r} is not a time.", hint="write '2016-04-01' or '2016-04-01T06:30+02:00'."
            ) from error
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)
    if not isinstance(value, datetime) or value != value:  # pandas' NaT is a datetime that is not itself
        raise HistoryError(f"{what}={value!r} is not a time.", hint="give a datetime, a date or ISO 8601 text.")
    try:
        return value if value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)
    except OverflowError as error:
        raise HistoryError(f"{what}={value}: in UTC it lies beyond the years 1 to 9999.") from error


def _is_name(name: object) -> bool:
    """Whether it is text, and text that the database can hold (half of a surrogate pair is none)."""
    if not isinstance(name, str) or not name:
        return False
    try:
        return bool(name.encode())
    except UnicodeEncodeError:
        return False


def _values(value: object) -> tuple[object, ...]:
    return (value,) if isinstance(value, (str, bytes)) or not isinstance(value, Iterable) else tuple(value)


def _one_of(name: str, column: Expression, kind: str, values: tuple[object, ...]) -> Expression:
    given = [value for value in values if value is not None]
    if kind == "time":
        wanted: list[object] = [_as_time(name, value) for value in given]
    elif kind == "a number":
        wanted = [number for value in given if (number := _as_number(value)) is not None]
    else:
        # Labels are text, so a value is matched as it is written.
        column = column.cast(duckdb.type("VARCHAR"))
        wanted = [str(value).lower() if isinstance(value, bool) else str(value) for value in given]
    # In one list, whole numbers beyond 2**53 would be rounded beside one that has a fraction.
    lists = [[one for one in wanted if isinstance(one, float) is fraction] for fraction in (False, True)]
    tests = [column.isin(*map(ConstantExpression, one)) for one in lists if one]
    test = reduce(or_, tests) if tests else ConstantExpression(False)
    return test | column.isnull() if len(given) < len(values) else test


def _as_time(name: str, value: object) -> datetime:
    if isinstance(value, (datetime, str)):
        return moment(value, name)
    raise HistoryError(f"where: {name} holds times, found {value!r}.", hint="give a datetime or ISO 8601 text.")


def _as_number(value: object) -> int | float | None:
    """Read a number; None for what is none, and so is equal to no number."""
    text = str(value).strip()
    if _WHOLE.fullmatch(text):  # by way of a float it would lose what is beyond 2**53
        return int(text)
    try:
        number = float(text)
    except ValueError:
        return None
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _if(test: Expression, value: Expression, otherwise: Expression) -> Expression:
    return CaseExpression(test, value).otherwise(otherwise)
