"""Hashes of integers as text."""

from __future__ import annotations

import numpy as np

from alert_analytics.simulation.identity import hex_text, mixed, seed_word


def test_the_hash_depends_on_values_and_order_alone() -> None:
    a, b = np.arange(1000), np.arange(1000)[::-1].copy()
    assert len(np.unique(mixed(a, b))) == 1000
    assert not np.array_equal(mixed(a, b), mixed(b, a))
    np.testing.assert_array_equal(mixed(a, b)[::-1], mixed(a[::-1], b[::-1]))


def test_the_hash_is_splitmix() -> None:
    # The first output of SplitMix64 seeded with 0, from its reference implementation.
    assert int(mixed(np.array([0]))[0]) == 0xE220A8397B1DCDAF


def test_words_are_written_in_hexadecimal() -> None:
    words = np.array([0, 0x0123456789ABCDEF, 2**64 - 1], dtype=np.uint64)
    assert hex_text(words).to_pylist() == ["0" * 16, "0123456789abcdef", "f" * 16]
    assert hex_text(words, digits=6).to_pylist() == ["000000", "012345", "ffffff"]
    assert hex_text(words[:0]).to_pylist() == []


def test_texts_have_a_fixed_word() -> None:
    assert int(seed_word("")) == 0xE3B0C44298FC1C14  # the head of SHA-256 of nothing
