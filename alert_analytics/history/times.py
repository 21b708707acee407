"""Times as the library keeps them: UTC without a zone, in microseconds, whatever they were given as."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
from duckdb import CaseExpression, ConstantExpression, FunctionExpression

if TYPE_CHECKING:
    from duckdb import Expression

_HAS_ZONE = r":\d\d.*([A-Za-z]|[+-]\d\d(:?\d\d)?)$"


def is_zoned(column_type: str) -> bool:
    """Whether a database type is a time with a zone; in nanoseconds it has a name of its own.

    Parameters
    ----------
    column_type : str
        As a relation's ``types`` has it.
    """
    return column_type in {"TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ_NS"}


def in_utc(instant: Expression) -> Expression:
    """Turn a time with a zone, of any precision, into UTC without one, in microseconds."""
    # The database's function knows no nanoseconds.
    return FunctionExpression(
        "timezone", ConstantExpression("UTC"), instant.cast(duckdb.type("TIMESTAMP WITH TIME ZONE"))
    )


def iso_time(text: Expression, zone: str) -> Expression:
    """Read ISO 8601 text as UTC: an offset or zone counts where there is one, else `zone`.

    Parameters
    ----------
    text : Expression
        Of type VARCHAR.
    zone : str
        Such as ``Europe/Paris``.

    Returns
    -------
    Expression
        A timestamp without zone; null for text that is no time.
    """
    # Cast to TIMESTAMP, the database would drop an offset without a word.
    tight = FunctionExpression(
        "regexp_replace", text, ConstantExpression(r"\s+([+-]\d\d(:?\d\d)?)$"), ConstantExpression(r"\1")
    )
    zoned = FunctionExpression("regexp_replace", tight, ConstantExpression("z$"), ConstantExpression("Z"))
    utc, stamp = ConstantExpression("UTC"), duckdb.type("TIMESTAMP")
    local = FunctionExpression("timezone", ConstantExpression(zone), text.try_cast(stamp))
    instant = zoned.try_cast(duckdb.type("TIMESTAMP WITH TIME ZONE"))
    has_zone = FunctionExpression("regexp_matches", text, ConstantExpression(_HAS_ZONE))
    plain = text.try_cast(stamp) if zone == "UTC" else FunctionExpression("timezone", utc, local)
    return (
        CaseExpression(_is_plain_time(text), plain)
        .when(has_zone, FunctionExpression("timezone", utc, instant))
        .otherwise(FunctionExpression("timezone", utc, local))
    )


def _is_plain_time(text: Expression) -> Expression:
    """Whether a text is written as ``2026-03-01 10:30:00``, or so with microseconds: most are, and are seen fast."""

    def at(place: int) -> Expression:
        return FunctionExpression("array_extract", text, ConstantExpression(place))

    def is_digit(place: int) -> Expression:
        return at(place).between(ConstantExpression("0"), ConstantExpression("9"))

    length, colon = FunctionExpression("length", text), ConstantExpression(":")
    # An offset may end a text of the same length: 2026-03-01T10+02:00, 2026-03-01T10:30:00.123+02.
    whole = (length == ConstantExpression(19)) & is_digit(19)
    exact = (length == ConstantExpression(26)) & (at(20) == ConstantExpression(".")) & is_digit(24) & is_digit(26)
    return (at(14) == colon) & (at(17) == colon) & (whole | exact)
