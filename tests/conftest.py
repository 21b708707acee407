"""Fixtures that every test may ask for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_BESIDE = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data beside the checkout; absent in a user's clone, required where CI says so."""
    if not _BESIDE.is_dir():
        reason = f"the real data is not at {_BESIDE}"
        if os.environ.get("ALERT_ANALYTICS_REQUIRE_SHARED_DATA"):
            pytest.fail(reason)
        pytest.skip(reason)
    return _BESIDE
