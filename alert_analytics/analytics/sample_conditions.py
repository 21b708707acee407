"""A rule's condition over whole columns of samples at once, with SQL's three values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from alert_analytics.alerts.conditions import And, Compare, Expression, In, IsNull, Literal, Not, Operand, Or
from alert_analytics.errors import ConditionError

_COMPARE: Mapping[str, Callable[[Any, Any], Any]] = {
    "=": pc.equal,
    "!=": pc.not_equal,
    "<": pc.less,
    "<=": pc.less_equal,
    ">": pc.greater,
    ">=": pc.greater_equal,
}


def holds(expression: Expression, samples: pa.Table) -> npt.NDArray[np.int8]:
    """Say for each sample whether a condition holds.

    Parameters
    ----------
    expression : Expression
        Of numbers, text and booleans; ``severity`` is a name like any other here.
    samples : pyarrow.Table
        A column for each name; NaN and null are unknown.

    Returns
    -------
    ndarray of int8, shape (n,)
        1 yes, 0 no, -1 unknown.

    Raises
    ------
    ConditionError
        The samples lack a name, or values of different kinds are compared.

    Notes
    -----
    Kleene's logic, as :func:`alert_analytics.alerts.evaluation.evaluate` has it, which is the oracle.

    Examples
    --------
    >>> from alert_analytics.alerts import parse
    >>> holds(parse("cpu > 80"), pa.table({"cpu": [85.0, 10.0, None]})).tolist()
    [1, 0, -1]
    """
    n = samples.num_rows
    try:
        answer = _answer(expression, samples)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError) as error:
        raise ConditionError(
            f"condition `{expression}`: values of different kinds are compared ({str(error).splitlines()[0]}).",
            hint="text goes in single quotes, numbers in none.",
        ) from error
    if isinstance(answer, pa.Scalar):
        answer = pa.array([answer.as_py()] * n, pa.bool_())
    return np.asarray(pc.fill_null(answer.cast(pa.int8()), -1), dtype=np.int8)


def _answer(expression: Expression, samples: pa.Table) -> Any:
    match expression:
        case Compare(op, left, right):
            return _COMPARE[op](_value(left, samples), _value(right, samples))
        case In(operand, values, negated):
            value = _value(operand, samples)
            found = reduce(pc.or_kleene, [pc.equal(value, pa.scalar(one.value)) for one in values])
            return pc.invert(found) if negated else found
        case IsNull(operand, negated):
            missing = pc.is_null(_value(operand, samples))
            return pc.invert(missing) if negated else missing
        case Not(inner):
            return pc.invert(_answer(inner, samples))
        case And(operands):
            return reduce(pc.and_kleene, [_answer(inner, samples) for inner in operands])
        case Or(operands):
            return reduce(pc.or_kleene, [_answer(inner, samples) for inner in operands])


def _value(operand: Operand, samples: pa.Table) -> Any:
    if isinstance(operand, Literal):
        return pa.scalar(operand.value)
    if operand.name not in samples.column_names:
        raise ConditionError(
            f"condition: the samples have no {operand}, they have {', '.join(sorted(samples.column_names))}.",
            hint="name the columns as the condition does.",
        )
    column = samples[operand.name]
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if not pa.types.is_floating(column.type):
        return column
    return pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
