"""The language of conditions: ``cpu_usage > 80 and "CI Name" in ('web-01', 'web-02')``.

A condition is parsed by hand to a tree (:mod:`alert_analytics.alerts.expressions`); it is never run as Python and never
pasted into SQL. The same language says when a rule fires and which alerts ``history.where("...")`` keeps.

Grammar (keywords in any case)::

    condition  = all { "or" all }                     all = denial { "and" denial }
    denial     = "not" denial | "(" condition ")" | test
    test       = operand ( "=" | "==" | "!=" | "<>" | "<" | "<=" | ">" | ">=" ) operand
               | operand [ "not" ] "in" "(" literal { "," literal } ")"
               | operand "is" [ "not" ] "null"
    operand    = name | literal
    name       = letters, digits, "_" and "."  |  "in double quotes"  |  `in backticks`
    literal    = 'in single quotes' | 80 | -1.5e3 | true | false

A quote inside quotes is doubled. As in SQL, single quotes make text and double quotes make a name. Words compared with
the name ``severity`` must be severities and compare in their order. Times are written as ISO 8601 text, as in
``fired_at >= '2016-04-01'``; whoever evaluates the tree turns them into times.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import NoReturn

from alert_analytics.alerts.evaluation import evaluate
from alert_analytics.alerts.expressions import (
    BARE_NAME,
    KEYWORDS,
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
    walk,
)
from alert_analytics.alerts.states import AlertSeverity
from alert_analytics.errors import ConditionError

__all__ = [
    "And",
    "Compare",
    "Expression",
    "In",
    "IsNull",
    "Literal",
    "Name",
    "Not",
    "Operand",
    "Or",
    "evaluate",
    "parse",
    "walk",
]

# Far above what a person writes, far below what would exhaust the stack.
MAX_LENGTH = 10_000
MAX_DEPTH = 64

_OPERATORS: dict[str, Operator] = {
    "=": "=", "==": "=", "!=": "!=", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">=",
}  # fmt: skip
_TOKEN = re.compile(
    rf"""\s*(?:
      (?P<word>{BARE_NAME.pattern})
    | (?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    | (?P<text>'(?:[^']|'')*')
    | (?P<quoted>"(?:[^"]|"")*"|`(?:[^`]|``)*`)
    | (?P<mark>==|!=|<>|<=|>=|=>|=<|&&|\|\||[=<>(),\-!])
    | (?P<end>\Z)
    )""",
    re.VERBOSE,
)
_SLIPS = {
    "=>": "write >=.",
    "=<": "write <=.",
    "&&": "write and.",
    "||": "write or.",
    "!": "write not, or != between two values.",
    "like": "there are no patterns here; list the values: name in ('a', 'b').",
    "between": "write name >= low and name <= high.",
}


@dataclass(frozen=True)
class _Token:
    kind: str  # word, number, text, quoted, mark or end
    text: str
    at: int

    def __str__(self) -> str:
        return "the end" if self.kind == "end" else f"`{self.text}`"

    def says(self, *words: str) -> bool:
        """Whether it is one of these keywords or marks."""
        return self.kind in ("word", "mark") and self.text.lower() in words


def parse(text: str) -> Expression:
    """Read a condition.

    A bare name is no condition, even where it is true or false: write ``active = true``.

    Parameters
    ----------
    text : str
        At most 10,000 characters, nested at most 64 deep.

    Returns
    -------
    Expression
        The tree. ``str()`` of it is canonical text that parses to an equal tree; ``.names()`` are its identifiers.

    Raises
    ------
    ConditionError
        It does not parse; the message points at the place and says what was expected there.

    Examples
    --------
    >>> tree = parse("cpu_usage > 80 AND not host == 'web-01'")
    >>> print(tree, sorted(tree.names()))
    cpu_usage > 80 and not host = 'web-01' ['cpu_usage', 'host']
    """
    if len(text) > MAX_LENGTH:
        raise ConditionError(
            f"condition: {len(text):,} characters long, expected at most {MAX_LENGTH:,}.",
            hint="filter in steps, or put long lists of values into where({'column': values}).",
        )
    return _Parser(text).whole()


class _Parser:
    """Recursive descent over the tokens; one method a line of the grammar."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = list(self.cut())
        self.next = 0
        self.depth = 0

    def cut(self) -> list[_Token]:
        tokens: list[_Token] = []
        at = 0
        while not tokens or tokens[-1].kind != "end":
            match = _TOKEN.match(self.text, at)
            if match is None:
                at += len(self.text[at:]) - len(self.text[at:].lstrip())
                quote = self.text[at] in "'\"`"
                hint = "close the quote; a quote inside is doubled." if quote else "put odd names in double quotes."
                self.fail(at, f"found {self.text[at]!r}", "a name, a value or an operator", hint)
            kind = match.lastgroup or "end"
            tokens.append(_Token(kind, match[kind], match.start(kind)))
            at = match.end()
        return tokens

    @property
    def here(self) -> _Token:
        return self.tokens[self.next]

    def take(self, *words: str) -> bool:
        """Step over the next token if it is one of these keywords or marks."""
        found = self.here.says(*words)
        self.next += found
        return found

    def fail(self, at: int, found: str, expected: str, hint: str | None = None) -> NoReturn:
        start = max(at - 50, 0)
        shown = re.sub(r"\s", " ", self.text[start : at + 50])
        caret = " " * (at - start) + "^"
        message = f"condition, character {at + 1}: {found}, expected {expected}.\n    {shown}\n    {caret}"
        raise ConditionError(message if hint is None else message + "\n", hint=hint)

    def refuse(self, expected: str, hint: str | None = None) -> NoReturn:
        self.fail(self.here.at, f"found {self.here}", expected, hint or _SLIPS.get(self.here.text.lower()))

    def whole(self) -> Expression:
        tree = self.condition()
        if self.here.kind != "end":
            if self.here.text in _OPERATORS:
                self.refuse("and, or, or the end", "write 1 < x and x < 5 for a chain.")
            self.refuse("and, or, or the end")
        return tree

    def condition(self) -> Expression:
        operands = [self.all()]
        while self.take("or"):
            operands.append(self.all())
        return operands[0] if len(operands) == 1 else Or(tuple(operands))

    def all(self) -> Expression:
        operands = [self.denial()]
        while self.take("and"):
            operands.append(self.denial())
        return operands[0] if len(operands) == 1 else And(tuple(operands))

    def denial(self) -> Expression:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.fail(self.here.at, f"nested {self.depth} deep", f"at most {MAX_DEPTH}", "drop parentheses.")
        tree: Expression
        if self.take("not"):
            tree = Not(self.denial())
        elif self.take("("):
            tree = self.condition()
            if not self.take(")"):
                self.refuse("and, or, or `)`")
        else:
            tree = self.test()
        self.depth -= 1
        return tree

    def test(self) -> Expression:
        start = self.next
        left = self.operand()
        if self.here.kind == "mark" and self.here.text in _OPERATORS:
            op = _OPERATORS[self.here.text]
            self.next += 1
            return self.checked(Compare(op, left, self.operand()), start)
        if self.take("is"):
            negated = self.take("not")
            if not self.take("null"):
                self.refuse("null", "is asks only for null; write = for a value.")
            return IsNull(left, negated)
        negated = self.take("not")
        if self.take("in"):
            return self.checked(In(left, self.values(), negated), start)
        if negated:
            self.refuse("in")
        hint = None
        if isinstance(left, Name) and self.here.kind == "end":
            hint = f"write {left} = true."
        elif self.here.kind == "word" and self.here.text.lower() not in _SLIPS:
            hint = 'a name with blanks goes in double quotes: "CI Name".'
        return self.refuse("a comparison (= != < <= > >=, in, is null)", hint)

    def values(self) -> tuple[Literal, ...]:
        if not self.take("("):
            self.refuse("`(` and a list of values")
        found: list[Literal] = []
        while not found or self.take(","):
            at = self.here
            value = self.operand()
            if not isinstance(value, Literal):
                self.fail(at.at, f"found the name {at}", "a value", "text goes in single quotes.")
            found.append(value)
        if not self.take(")"):
            self.refuse("`,` or `)`")
        return tuple(found)

    def operand(self) -> Operand:
        token = self.here
        if token.says("null"):
            self.refuse("a name or a value", "a comparison with null is never true; write is null or is not null.")
        negative = self.take("-")
        number = self.here
        self.next += 1
        if number.kind == "number":
            return Literal(self.number(number, negative))
        if negative:
            self.fail(number.at, f"found {number}", "a number after `-`", "there is no arithmetic in conditions.")
        if token.kind == "text":
            return Literal(token.text[1:-1].replace("''", "'"))
        if token.kind == "quoted" and len(token.text) > 2:
            quote = token.text[0]
            return Name(token.text[1:-1].replace(quote * 2, quote))
        if token.says("true", "false"):
            return Literal(token.says("true"))
        if token.kind == "word" and token.text.lower() not in KEYWORDS:
            return Name(token.text)
        self.next -= 1
        return self.refuse("a name or a value")

    def number(self, token: _Token, negative: bool) -> int | float:
        # int() refuses thousands of digits, and what follows stores 64 bits anyway.
        whole = token.text.isdigit() and len(token.text.lstrip("0")) <= 18
        value = int(token.text) if whole else float(token.text)
        if value == float("inf"):
            self.fail(token.at, "found a number too large", "at most 1.8e308")
        return -value if negative else value

    def checked(self, test: Compare | In, start: int) -> Compare | In:
        """Hold words beside ``severity`` to the five severities, here, where the place can still be shown."""
        operands = (test.left, test.right) if isinstance(test, Compare) else (test.operand, *test.values)
        if Name("severity") not in operands:
            return test
        tokens = [token for token in self.tokens[start : self.next] if token.kind in ("text", "number")]
        for literal in (operand for operand in operands if isinstance(operand, Literal)):
            word = literal.value
            if not isinstance(word, str) or word not in set(AlertSeverity):
                near = get_close_matches(str(word).lower(), list(AlertSeverity), n=1)
                at = next((t.at for t in tokens if t.text == str(literal)), self.tokens[start].at)
                expected = "a severity (" + ", ".join(repr(str(s)) for s in AlertSeverity) + ")"
                self.fail(at, f"found {literal}", expected, f"did you mean '{near[0]}'?" if near else None)
        return test
