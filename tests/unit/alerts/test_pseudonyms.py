"""Ordinary spellings of a name: whatever white space is in it, and ss for a sharp s."""

from __future__ import annotations

import json
from urllib.parse import quote, quote_plus

import duckdb
import pytest

from alert_analytics.alerts.pseudonyms import Identifiers, pseudonym

NAME = "Ann Strauss"
SPELLINGS = [
    "ann  strauss",
    "Ann\u00a0Strauss",
    "Ann\u202fStrauss",
    "Ann\n\tStrauss",
    json.dumps("Ann\n\tStrauss"),
    json.dumps("Ann\u00a0Strauss"),
    json.dumps(json.dumps("Ann\r\nStrauss")),
    quote("Ann Strauss"),
    quote("Ann\u00a0Strauß"),
    quote_plus("Ann Strauss"),
    "Ann Strauß",
    "ANN STRAUẞ",
    "ANN STRAUSS",
    json.dumps("Ann Strauß"),
]


@pytest.mark.parametrize("given", [NAME, "ann strauß", "ANN  STRAUẞ", "Ann\u00a0Strauss"])
@pytest.mark.parametrize("text", SPELLINGS)
def test_spellings_of_one_name(given: str, text: str) -> None:
    """By Python as by the database, which looks first."""
    person = Identifiers.of(given)
    assert person.found_in(f"by {text}, then")
    assert "rau" not in person.replaced(text, ["person-1"]).lower()
    with duckdb.connect() as connection:  # on the one that all share an answer half fetched would stop others
        found = connection.execute("SELECT regexp_matches(?, ?, 'i')", [text, person.pattern]).fetchall()
    assert found == [(True,)]


@pytest.mark.parametrize(
    "text", ["AnnStrauss", "Ann Straus", "Ann_Strauss", "Joann Strauss", "Ann Strausss", "Annn Strauss"]
)
def test_what_is_another_name_stays(text: str) -> None:
    assert Identifiers.of(NAME).replaced(text, ["person-1"]) == text


def test_one_name_has_one_pseudonym() -> None:
    spellings = [NAME, "ann  strauß", "ANN\u00a0STRAUẞ", " Ann\tStrauss "]
    assert len({pseudonym(b"key", one) for one in spellings}) == 1
    assert len(Identifiers.of(["Ann Strauss", "ann strauß"]).texts) == 1
