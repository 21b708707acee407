"""Turn a parsed rule condition into a database expression: built node by node, never pasted as text."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

import duckdb
from duckdb import CaseExpression, ConstantExpression, FunctionExpression

from alert_analytics.alerts.expressions import And, Compare, In, IsNull, Literal, Name, Not, Or
from alert_analytics.errors import ConditionError, HistoryError
from alert_analytics.history.schema import SEVERITIES, kind_of
from alert_analytics.history.scope import Resolve, moment

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation, Expression

    from alert_analytics.alerts.expressions import Expression as Condition
    from alert_analytics.alerts.expressions import Operand

_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_NUMERIC_TEXT = r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*"


def compiled(condition: Condition, resolve: Resolve, relation: DuckDBPyRelation) -> Expression:
    """Build the database expression of a condition, with SQL's three-valued logic.

    Parameters
    ----------
    condition : Condition
        A tree from :func:`alert_analytics.alerts.conditions.parse`.
    resolve : callable
        From a name to the expression that reads that column or label.
    relation : DuckDBPyRelation
        Gives the columns' types; a name that is no column is a label and holds text.

    Returns
    -------
    Expression
        Its oracle is :func:`alert_analytics.alerts.conditions.evaluate`.

    Raises
    ------
    UnknownColumnError
        A name is neither a column nor a label.
    ConditionError
        Values of different kinds are compared.
    """
    kinds = dict(zip(relation.columns, map(str, relation.types), strict=True))

    def build(node: Condition) -> Expression:
        match node:
            case Compare(op, left, right):
                return cast("Expression", _COMPARE[op](*_pair(left, right, resolve, kinds)))
            case In(operand, values, negated):
                tests = [operator.eq(*_pair(operand, value, resolve, kinds)) for value in values]
                found = _joined(operator.or_, tests)
                return ~found if negated else found
            case IsNull(operand, negated):
                value = _read(operand, resolve)
                return value.isnotnull() if negated else value.isnull()
            case Not(operand):
                return ~build(operand)
            case And(operands):
                return _joined(operator.and_, list(map(build, operands)))
            case Or(operands):
                return _joined(operator.or_, list(map(build, operands)))

    return build(condition)


def _joined(join: Callable[[Any, Any], Any], tests: list[Expression]) -> Expression:
    """Join many tests as a balanced tree: a chain of a thousand is deeper than the database's parser goes."""
    while len(tests) > 1:
        pairs = [join(*tests[i : i + 2]) if i + 1 < len(tests) else tests[i] for i in range(0, len(tests), 2)]
        tests = pairs
    return tests[0]


def _read(operand: Operand, resolve: Resolve) -> Expression:
    return resolve(operand.name) if isinstance(operand, Name) else ConstantExpression(operand.value)


def _pair(left: Operand, right: Operand, resolve: Resolve, kinds: dict[str, str]) -> tuple[Expression, Expression]:
    """Both sides of a comparison as one kind of value."""
    if Name("severity") in (left, right):
        return _rank(left, resolve), _rank(right, resolve)
    return _as_kind_of(left, right, resolve, kinds), _as_kind_of(right, left, resolve, kinds)


def _rank(operand: Operand, resolve: Resolve) -> Expression:
    """The place of a severity in their order; the parser lets no other word stand beside ``severity``."""
    return FunctionExpression("list_position", ConstantExpression(list(SEVERITIES)), _read(operand, resolve))


def _as_kind_of(operand: Operand, other: Operand, resolve: Resolve, kinds: dict[str, str]) -> Expression:
    value, kind, wanted = _read(operand, resolve), _kind(operand, kinds), _kind(other, kinds)
    if kind == wanted:
        # Numbers of different widths meet as doubles, as in the expression's Python twin.
        return value
    if kind == "text" and wanted == "time" and isinstance(operand, Literal):
        try:
            return ConstantExpression(moment(str(operand.value), "condition"))
        except HistoryError as error:
            raise ConditionError(f"condition: {operand} is compared with a time; {error.message}") from error
    if kind == "text" and isinstance(operand, Name) and wanted in {"a number", "a boolean"}:
        return _parsed(value, wanted)  # labels are text; a label that is no number is unknown
    if wanted == "text" and isinstance(other, Name) and kind in {"a number", "a boolean"}:
        return value
    if kind == "time" and wanted == "text" and isinstance(other, Literal):
        return value
    raise ConditionError(
        f"condition: {operand} is {kind}, {other} is {wanted}; expected one kind.",
        hint="text goes in single quotes, numbers and true or false in none, times as ISO 8601 text.",
    )


def _kind(operand: Operand, kinds: dict[str, str]) -> str:
    if isinstance(operand, Literal):
        value = operand.value
        return "a boolean" if isinstance(value, bool) else "text" if isinstance(value, str) else "a number"
    return kind_of(kinds.get(operand.name, "VARCHAR"))


def _parsed(text: Expression, wanted: str) -> Expression:
    pattern, kind = (_NUMERIC_TEXT, "DOUBLE") if wanted == "a number" else ("(?i)true|false", "BOOLEAN")
    fits = FunctionExpression("regexp_full_match", text, ConstantExpression(pattern))
    return CaseExpression(fits, text.try_cast(duckdb.type(kind))).otherwise(ConstantExpression(None))
