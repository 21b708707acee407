"""Histories of next to nothing: an answer or an error of our own from every analysis, and readable."""

from __future__ import annotations

import re

import pytest

from benchmarks import edges

pytestmark = pytest.mark.slow

CELLS = [(name, one) for name in edges.histories(50) for one in edges.QUESTIONS]


@pytest.fixture(scope="module")
def made() -> dict[str, object]:
    return {name: make() for name, make in edges.histories(50).items()}


@pytest.mark.parametrize(("name", "one"), CELLS, ids=[f"{one.name}: {name}" for name, one in CELLS])
def test_every_analysis_answers(made, name: str, one: edges.Question) -> None:
    said, _ = edges.told(one.ask, made[name])
    assert not said.startswith("*"), said
    assert said.endswith(".")
    assert not re.search(r"\bnan\b|\binf\b|None\b(?! of)|\b1 (alerts|groups|rules|samples|series|incidents) ", said), (
        said
    )


@pytest.mark.parametrize("one", [one for one in edges.QUESTIONS if one.of_zero], ids=lambda one: one.name)
def test_a_window_of_zero_is_refused_or_means_something(one: edges.Question) -> None:
    said, _ = edges.told(one.of_zero, edges.history(200))
    if said.startswith("*"):
        assert "expected" in said or "Hint" in said
    else:
        assert one.name in {"before and after", "replay on metrics"}
