"""Evaluate a condition on one mapping, with SQL's three values: true, false, unknown."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from numbers import Real
from typing import Any

from alert_analytics.alerts.expressions import (
    And,
    Compare,
    Expression,
    In,
    IsNull,
    Literal,
    Name,
    Not,
    Operand,
    Operator,
    Or,
)
from alert_analytics.alerts.states import AlertSeverity
from alert_analytics.errors import ConditionError

_COMPARE: dict[Operator, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def evaluate(expression: Expression, sample: Mapping[str, object]) -> bool | None:
    """Say whether a condition holds for one sample.

    A name that the sample lacks is an error, so that a misspelt rule does not stay silent for ever; a name whose value
    is None (or NaN) is unknown.

    Parameters
    ----------
    expression : Expression
        From :func:`alert_analytics.alerts.conditions.parse`.
    sample : mapping of str to object
        Values by name: text, numbers, booleans, datetimes (naive ones are UTC) or None.

    Returns
    -------
    bool or None
        None where the answer hangs on an unknown value. ``false and unknown`` is False, ``true or unknown`` is True.

    Raises
    ------
    ConditionError
        A name is not in the sample, or values of different kinds are compared (text with a number).

    Examples
    --------
    >>> from alert_analytics.alerts.conditions import parse
    >>> evaluate(parse("cpu > 80 or severity >= 'high'"), {"cpu": None, "severity": "critical"})
    True
    """
    match expression:
        case Compare(op, left, right):
            return _compare(op, left, right, sample)
        case In(operand, values, negated):
            found = _any(_compare("=", operand, value, sample) for value in values)
            return _denied(found) if negated else found
        case IsNull(operand, negated):
            return (_value(operand, sample) is None) != negated
        case Not(inner):
            return _denied(evaluate(inner, sample))
        case And(operands):
            return _denied(_any(_denied(evaluate(inner, sample)) for inner in operands))
        case Or(operands):
            return _any(evaluate(inner, sample) for inner in operands)


def _any(answers: Iterable[bool | None]) -> bool | None:
    # Every operand is evaluated, so that an error does not depend on the order in which a condition is written.
    seen = set(answers)
    return True if True in seen else None if None in seen else False


def _denied(answer: bool | None) -> bool | None:
    return None if answer is None else not answer


def _value(operand: Operand, sample: Mapping[str, object]) -> object:
    if isinstance(operand, Literal):
        return operand.value
    if operand.name not in sample:
        known = ", ".join(sorted(map(str, sample))) or "nothing"
        raise ConditionError(
            f"condition: the sample has no {operand}, it has {known}.",
            hint="give the name with the value None where it is unknown.",
        )
    value = sample[operand.name]
    return None if value != value else value  # NaN says "unknown" in numbers


def _compare(op: Operator, left: Operand, right: Operand, sample: Mapping[str, object]) -> bool | None:
    first, second = _value(left, sample), _value(right, sample)
    if first is None or second is None:
        return None
    if Name("severity") in (left, right):
        return _COMPARE[op](_rank(first), _rank(second))
    (kind, one), (other_kind, other) = _kind(first, second), _kind(second, first)
    if kind != other_kind:
        raise ConditionError(
            f"condition `{left} {op} {right}`: {first!r} is {kind}, {second!r} is {other_kind}; expected one kind.",
            hint="text goes in single quotes, numbers and true or false in none, times as ISO 8601 text.",
        )
    return bool(_COMPARE[op](one, other))  # numpy has booleans of its own


def _rank(word: object) -> int:
    if isinstance(word, str) and word in set(AlertSeverity):
        return AlertSeverity(word).rank
    raise ConditionError(f"condition: severity is {word!r}, expected one of {', '.join(AlertSeverity)}.")


def _kind(value: object, other: object) -> tuple[str, Any]:
    """Name what a value is, and give it in the form in which it compares; text beside a time is a time."""
    if isinstance(value, bool):
        return "a boolean", value
    if isinstance(value, Real):
        return "a number", value
    if isinstance(value, date) or (isinstance(value, str) and isinstance(other, date)):
        return "a time", _time(value)
    if isinstance(value, str):
        return "text", value
    return f"a {type(value).__name__}", value


def _time(value: date | str) -> datetime:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError as error:
            raise ConditionError(
                f"condition: {value!r} beside a time, expected ISO 8601.", hint="write '2016-04-01T08:00:00'."
            ) from error
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)
    return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
