"""Fixtures that every test may ask for."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import settings

# How long an example takes says how busy the machine is, no more.
settings.register_profile("house", deadline=None)
settings.load_profile("house")

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


Uninstall = Callable[[str], None]


@pytest.fixture
def uninstall(monkeypatch: pytest.MonkeyPatch) -> Uninstall:
    """Make imports fail as if a package were not installed, also where it has been imported before."""

    def gone(package: str) -> None:
        for name in [one for one in sys.modules if one == package or one.startswith(f"{package}.")]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setattr(sys, "meta_path", [_Missing(package), *sys.meta_path])

    return gone


class _Missing:
    """Finds a package first, and says that it is not there."""

    def __init__(self, package: str) -> None:
        self.package = package

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: object = None) -> None:
        if name == self.package:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
