"""Stable text identifiers from integers, ten million at a time."""

from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

_HEX_PAIRS = np.array([f"{byte:02x}".encode() for byte in range(256)])

Words = NDArray[np.uint64]


def seed_word(text: str) -> np.uint64:
    """64 bits of a text's SHA-256, the same on every machine and in every process."""
    return np.uint64(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big"))


def mixed(*columns: NDArray[np.int64] | Words) -> Words:
    """Hash rows of integers to one 64-bit word each.

    Parameters
    ----------
    *columns : ndarray of int64 or uint64, shape (n,)
        The parts of the identity; their order matters.

    Returns
    -------
    ndarray of uint64, shape (n,)
        Equal for equal rows. Not a cryptographic hash.

    Notes
    -----
    SplitMix64's finalizer after adding each column to the state.

    References
    ----------
    Steele, Lea and Flood, Fast splittable pseudorandom number generators, OOPSLA 2014.
    """
    state = np.zeros(len(columns[0]), dtype=np.uint64)
    for column in columns:
        state += column.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
        state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        state ^= state >> np.uint64(31)
    return state


def hex_text(words: Words, digits: int = 16) -> pa.StringArray:
    """Write each word as ``digits`` hexadecimal digits, an even number up to 16."""
    width = digits // 2
    octets = words.astype(">u8").view(np.uint8).reshape(-1, 8)[:, :width]
    text = _HEX_PAIRS[octets]
    offsets = np.arange(len(words) + 1, dtype=np.int32) * np.int32(digits)
    return pa.StringArray.from_buffers(len(words), pa.py_buffer(offsets), pa.py_buffer(text.tobytes()))
