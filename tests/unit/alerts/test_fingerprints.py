"""Fingerprints of labels follow them into a text, whatever else it holds."""

from __future__ import annotations

import json
from typing import Any

import pytest

from alert_analytics.alerts.fingerprints import fingerprint_of, made_anew, with_fingerprints_anew


def renamed(labels: dict[str, str]) -> dict[str, str]:
    return {name: value.replace("ann", "person-1") for name, value in labels.items()}


def test_only_what_was_computed_of_the_labels_is_made_anew() -> None:
    before, after = {"owner": "ann"}, {"owner": "person-1"}
    assert made_anew([(fingerprint_of(before), before, after), ("theirs", before, after)]) == {
        fingerprint_of(before): fingerprint_of(after)
    }


def test_in_a_text_those_of_its_own_labels_are_replaced() -> None:
    labels = {"owner": "ann", "note": "two\nlines"}
    text = json.dumps({"alerts": [{"labels": labels, "fingerprint": fingerprint_of(labels)}, {"fingerprint": "x"}]})
    made = with_fingerprints_anew(text, text, renamed)
    assert made == text.replace(fingerprint_of(labels), fingerprint_of(renamed(labels)))
    assert made != text


@pytest.mark.parametrize(
    "said", ["no json", "[" * 100_000, '{"labels": {"a": "\\ud800"}}', '{"labels": {"a": 1}}', "3"]
)
def test_a_text_without_labels_stays(said: Any) -> None:
    assert with_fingerprints_anew(said, said, renamed) == said
