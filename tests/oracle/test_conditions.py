"""Random conditions against two oracles: their own text, parsed again, and the database's three-valued logic."""

from __future__ import annotations

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from alert_analytics.alerts.conditions import (
    And,
    Compare,
    Expression,
    In,
    IsNull,
    Literal,
    Name,
    Not,
    Or,
    evaluate,
    parse,
)
from alert_analytics.errors import ConditionError

OPERATORS = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
ANY_NAME = st.builds(Name, ANY_TEXT.filter(bool) | st.sampled_from(["and", "Null", "a.b", "_x", "CI Name", "9"]))
ANY_LITERAL = st.builds(
    Literal,
    ANY_TEXT | st.booleans() | st.integers(-(10**17), 10**17) | st.floats(allow_nan=False, allow_infinity=False),
)


def trees(tests: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    def above(below: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
        several = st.lists(below, min_size=2, max_size=4).map(tuple)
        return st.builds(Not, below) | st.builds(And, several) | st.builds(Or, several)

    return st.recursive(tests, above, max_leaves=12)


ANY_OPERAND = ANY_NAME | ANY_LITERAL
ANY_TEST = (
    st.builds(Compare, OPERATORS, ANY_OPERAND, ANY_OPERAND)
    | st.builds(In, ANY_OPERAND, st.lists(ANY_LITERAL, min_size=1, max_size=3).map(tuple), st.booleans())
    | st.builds(IsNull, ANY_OPERAND, st.booleans())
)


@given(trees(ANY_TEST))
def test_text_parses_back_to_the_same_tree(tree: Expression) -> None:
    again = parse(str(tree))
    assert repr(again) == repr(tree)
    assert str(again) == str(tree)
    assert again.names() == tree.names()


@given(st.text(max_size=60) | st.text("()ab'\"`=<>!-.,019 andortin", max_size=80))
def test_any_text_gives_a_tree_or_a_condition_error(text: str) -> None:
    try:
        tree = parse(text)
    except ConditionError as error:
        told = error.message
    else:
        told = "condition, character "
        assert parse(str(tree)) == tree
    assert told.startswith("condition, character ")


NUMBERS, WORDS = st.integers(-2, 2), st.sampled_from(["", "a", "b", "it's"])


def comparing(
    names: list[str], values: st.SearchStrategy[int] | st.SearchStrategy[str]
) -> st.SearchStrategy[Expression]:
    name, literal = st.sampled_from(names).map(Name), st.builds(Literal, values)
    return (
        st.builds(Compare, OPERATORS, name | literal, name | literal)
        | st.builds(In, name, st.lists(literal, min_size=1, max_size=3).map(tuple), st.booleans())
        | st.builds(IsNull, name, st.booleans())
    )


DATABASE = duckdb.connect()


@settings(max_examples=200)
@given(
    trees(comparing(["n", "m"], NUMBERS) | comparing(["s"], WORDS)),
    st.none() | NUMBERS,
    st.none() | NUMBERS,
    st.none() | WORDS,
)
def test_answers_are_those_of_the_database(tree: Expression, n: int | None, m: int | None, s: str | None) -> None:
    # The canonical text happens to be SQL as long as names are plain; only this test relies on it.
    query = f"SELECT ({tree})::BOOLEAN FROM (SELECT $n::BIGINT AS n, $m::BIGINT AS m, $s::VARCHAR AS s)"
    row = DATABASE.execute(query, {"n": n, "m": m, "s": s}).fetchall()
    assert evaluate(tree, {"n": n, "m": m, "s": s}) is row[0][0]
