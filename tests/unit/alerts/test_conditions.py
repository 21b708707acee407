"""What parses, to which tree, and what a mistake is told."""

from __future__ import annotations

import pytest

from alert_analytics.alerts.conditions import And, Compare, In, IsNull, Literal, Name, Not, Or, parse, walk
from alert_analytics.errors import AlertAnalyticsError, ConditionError


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("cpu_usage > 80", Compare(">", Name("cpu_usage"), Literal(80))),
        ("80 < cpu.usage", Compare("<", Literal(80), Name("cpu.usage"))),
        ("a == b", Compare("=", Name("a"), Name("b"))),
        ("a <> -1.5e3", Compare("!=", Name("a"), Literal(-1500.0))),
        ("\"CI Name\" = 'it''s'", Compare("=", Name("CI Name"), Literal("it's"))),
        ("`a``b` >= .5", Compare(">=", Name("a`b"), Literal(0.5))),
        ('"say ""hi""" != TRUE', Compare("!=", Name('say "hi"'), Literal(True))),
        ("x IN (1, 'two', false)", In(Name("x"), (Literal(1), Literal("two"), Literal(False)))),
        ("x not in (1)", In(Name("x"), (Literal(1),), negated=True)),
        ("x is null", IsNull(Name("x"))),
        ("x IS NOT NULL", IsNull(Name("x"), negated=True)),
        ("größe <= 3", Compare("<=", Name("größe"), Literal(3))),
        ("\"and\" = 'null'", Compare("=", Name("and"), Literal("null"))),
        ("n = 123456789012345678901234567890", Compare("=", Name("n"), Literal(123456789012345678901234567890.0))),
    ],
)
def test_one_comparison(text: str, tree: object) -> None:
    assert repr(parse(text)) == repr(tree)  # repr: 1 == 1.0 == True would hide a wrong literal
    assert parse(str(tree)) == tree


def test_not_binds_before_and_and_before_or() -> None:
    a, b, c = (Compare("=", Name(x), Literal(1)) for x in "abc")
    assert parse("a = 1 or not b = 1 and c = 1") == Or((a, And((Not(b), c))))
    assert parse("(a = 1 or b = 1) and c = 1") == And((Or((a, b)), c))
    assert parse("not (a = 1 or b = 1)") == Not(Or((a, b)))
    assert parse("a = 1 and b = 1 and c = 1") == And((a, b, c))
    assert str(parse("a=1 AND (b=1 AND c=1)")) == "a = 1 and (b = 1 and c = 1)"


def test_a_thousand_terms_side_by_side_are_not_deep() -> None:
    tree = parse(" or ".join(["a = 1"] * 1000))
    assert isinstance(tree, Or)
    assert len(tree.operands) == 1000


def test_names_and_walk_in_reading_order() -> None:
    tree = parse("\"CI Name\" in ('x') and not (cpu > limit or note is null)")
    assert tree.names() == {"CI Name", "cpu", "limit", "note"}
    assert [n.name for n in walk(tree) if isinstance(n, Name)] == ["CI Name", "cpu", "limit", "note"]


@pytest.mark.parametrize("text", ["severity >= 'high'", "'low' < severity", "severity in ('low', 'info')"])
def test_severity_words(text: str) -> None:
    assert str(parse(text)) == text


@pytest.mark.parametrize(
    ("text", "at", "message"),
    [
        ("cpu => 80", 5, "write >="),
        ("cpu =< 80", 5, "write <="),
        ("a = 1 && b = 2", 7, "write and"),
        ("a = 1 || b = 2", 7, "write or"),
        ("!a = 1", 1, "write not"),
        ("a like 'x%'", 3, "no patterns"),
        ("a between 1 and 2", 3, "name >= low"),
        ("1 < x < 5", 7, "for a chain"),
        ("1 < x > 5", 7, "for a chain"),
        ("a = null", 5, "is not null"),
        ("a in (null)", 7, "is not null"),
        ("a in (b)", 7, "single quotes"),
        ("a in ()", 7, "a name or a value"),
        ("a in 1", 6, "a list of values"),
        ("a in (1", 8, "`,` or `)`"),
        ("a not like 1", 7, "expected in"),
        ("a is 3", 6, "write = for a value"),
        ("active", 7, "write active = true"),
        ("CI Name = 1", 4, "double quotes"),
        ("a = 'open", 5, "close the quote"),
        ('a = ""', 5, "a name or a value"),
        ("a = 1 ; drop table alerts", 7, "double quotes"),
        ("a = -b", 6, "no arithmetic"),
        ("a + 1 = 2", 3, "expected"),
        ("a = 1e999", 5, "too large"),
        ("x > 5m", 6, "and, or, or the end"),
        ("(a = 1", 7, "`)`"),
        ("a = 1)", 6, "the end"),
        ("", 1, "a name or a value"),
        ("   ", 4, "a name or a value"),
        ("and", 1, "a name or a value"),
        ("severity >= 'hihg'", 13, "did you mean 'high'"),
        ("severity = 'nonsense'", 12, "expected a severity"),
        ("severity > 3", 12, "expected a severity"),
        ("severity in ('low', 'High')", 21, "did you mean 'high'"),
        ("__import__('os')", 11, "expected a comparison"),
    ],
)
def test_mistakes_are_shown_where_they_are(text: str, at: int, message: str) -> None:
    with pytest.raises(ConditionError) as caught:
        parse(text)
    lines = str(caught.value).split("\n")
    assert lines[0].startswith(f"condition, character {at}: found ")
    assert lines[2] == " " * (4 + at - 1) + "^"
    assert message in str(caught.value)
    assert isinstance(caught.value, AlertAnalyticsError)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("text", ["(" * 1000 + "a = 1" + ")" * 1000, "not " * 1000 + "a = 1"])
def test_nesting_has_a_limit(text: str) -> None:
    with pytest.raises(ConditionError, match="nested 65 deep, expected at most 64"):
        parse(text)


def test_the_limit_is_on_depth_not_on_count() -> None:
    parse("(" * 63 + "a = 1" + ")" * 63)
    parse(" and ".join(["(a = 1)"] * 500))


def test_length_has_a_limit() -> None:
    with pytest.raises(ConditionError, match="12,004 characters long, expected at most 10,000"):
        parse("a = " + "1" * 12_000)


def test_the_caret_stays_under_the_mistake_in_long_text() -> None:
    with pytest.raises(ConditionError) as caught:
        parse("a = 1 and\n" * 40 + "b ? 2")
    _, shown, caret, *_ = str(caught.value).split("\n")
    assert shown[caret.index("^")] == "?"
    assert len(shown) < 120
