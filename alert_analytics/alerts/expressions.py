"""The tree that a condition is parsed to: plain frozen nodes for others to walk, evaluate or compile.

A *condition* (:class:`Compare`, :class:`In`, :class:`IsNull`, :class:`Not`, :class:`And`, :class:`Or`) is true, false
or unknown; an *operand* (:class:`Name`, :class:`Literal`) is a value. ``str()`` of a condition is text that parses back
to an equal tree.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal as OneOf
from typing import TypeAlias

Operator: TypeAlias = OneOf["=", "!=", "<", "<=", ">", ">="]
Value: TypeAlias = str | int | float | bool

KEYWORDS = frozenset({"and", "or", "not", "in", "is", "null", "true", "false"})
BARE_NAME = re.compile(r"[^\W\d]\w*(?:\.\w+)*")


class _Node:
    """What all nodes can do."""

    def names(self) -> set[str]:
        """List the identifiers that the expression needs.

        Returns
        -------
        set of str
            Unquoted.
        """
        return {node.name for node in walk(self) if isinstance(node, Name)}


@dataclass(frozen=True)
class Name(_Node):
    """A column, label or metric.

    Attributes
    ----------
    name : str
        Without quotes.
    """

    name: str

    def __str__(self) -> str:
        if BARE_NAME.fullmatch(self.name) and self.name.lower() not in KEYWORDS:
            return self.name
        return '"' + self.name.replace('"', '""') + '"'


@dataclass(frozen=True)
class Literal(_Node):
    """A constant: text, a number, true or false.

    Attributes
    ----------
    value : str, int, float or bool
        Never null (a comparison with null is never true, so the parser refuses it), never NaN or infinite.
    """

    value: Value

    def __str__(self) -> str:
        if isinstance(self.value, bool):
            return "true" if self.value else "false"
        if isinstance(self.value, str):
            return "'" + self.value.replace("'", "''") + "'"
        return repr(self.value)


Operand: TypeAlias = Name | Literal


@dataclass(frozen=True)
class Compare(_Node):
    """``left op right``.

    Attributes
    ----------
    op : str
        One of ``= != < <= > >=``; the parser turns ``==`` and ``<>`` into the first two.
    left, right : Name or Literal
        Either side may be the constant.
    """

    op: Operator
    left: Operand
    right: Operand

    def __str__(self) -> str:
        return f"{self.left} {self.op} {self.right}"


@dataclass(frozen=True)
class In(_Node):
    """``operand [not] in (values)``.

    Attributes
    ----------
    operand : Name or Literal
        What is looked up.
    values : tuple of Literal
        At least one.
    negated : bool
        True for ``not in``.
    """

    operand: Operand
    values: tuple[Literal, ...]
    negated: bool = False

    def __str__(self) -> str:
        word = "not in" if self.negated else "in"
        return f"{self.operand} {word} ({', '.join(map(str, self.values))})"


@dataclass(frozen=True)
class IsNull(_Node):
    """``operand is [not] null``.

    Attributes
    ----------
    operand : Name or Literal
        What is looked at.
    negated : bool
        True for ``is not null``.
    """

    operand: Operand
    negated: bool = False

    def __str__(self) -> str:
        return f"{self.operand} is {'not ' if self.negated else ''}null"


@dataclass(frozen=True)
class Not(_Node):
    """``not condition``.

    Attributes
    ----------
    operand : Expression
        The condition denied.
    """

    operand: Expression

    def __str__(self) -> str:
        return f"not {_inside(self.operand, And, Or)}"


@dataclass(frozen=True)
class And(_Node):
    """All of them.

    Attributes
    ----------
    operands : tuple of Expression
        At least two, as written: ``a and b and c`` is one node, ``a and (b and c)`` two.
    """

    operands: tuple[Expression, ...]

    def __str__(self) -> str:
        return " and ".join(_inside(operand, And, Or) for operand in self.operands)


@dataclass(frozen=True)
class Or(_Node):
    """At least one of them.

    Attributes
    ----------
    operands : tuple of Expression
        At least two, as written.
    """

    operands: tuple[Expression, ...]

    def __str__(self) -> str:
        return " or ".join(_inside(operand, Or) for operand in self.operands)


Expression: TypeAlias = Compare | In | IsNull | Not | And | Or


def walk(node: _Node) -> Iterator[_Node]:
    """Visit a node and everything below it, parents first.

    Parameters
    ----------
    node : Expression, Name or Literal
        Where to start.

    Yields
    ------
    Expression, Name or Literal
        Each node once for each place where it stands.
    """
    waiting: list[_Node] = [node]
    while waiting:
        current = waiting.pop()
        yield current
        match current:
            case Compare(_, left, right):
                waiting += [right, left]
            case In(operand, values):
                waiting += [*reversed(values), operand]
            case IsNull(operand) | Not(operand):
                waiting.append(operand)
            case And(operands) | Or(operands):
                waiting += reversed(operands)


def _inside(node: Expression, *loose: type) -> str:
    """Text of a node below another one, in parentheses where it would otherwise bind differently."""
    return f"({node})" if isinstance(node, loose) else str(node)
