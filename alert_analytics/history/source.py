"""What a source must offer, so that a store can ingest it without knowing any."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from alert_analytics.errors import SourceError, nearest

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation

GROUP = "alert_analytics.sources"
"""The entry-point group in which a source announces itself, ours included."""


@dataclass(frozen=True)
class Batch:
    """What a source read from one input.

    Attributes
    ----------
    rows : DuckDBPyRelation
        Canonical columns (some of them), one row an alert; optionally ``line`` (1-based place in the input),
        ``original`` (the input row, as text or struct) and ``reason`` (why the source itself cannot use the row).
    n_records : int or None
        How many records (lines, events) the input had; None where each row is one.
    """

    rows: DuckDBPyRelation
    n_records: int | None


@runtime_checkable
class Source(Protocol):
    """Something that can turn an input of its format into canonical rows."""

    @property
    def name(self) -> str:
        """What the alerts' ``source`` column says."""
        ...

    def read(self, connection: DuckDBPyConnection, data: Any) -> Batch:
        """Read `data` (a path, a glob, or rows that speak Arrow) on `connection`.

        Raises
        ------
        SourceError
            The input is not of this format.
        """
        ...


def source_named(source: str | Source) -> Source:
    """Find a source by the name of its entry point; a source object is itself.

    Raises
    ------
    SourceError
        No installed package announces such a source.
    """
    if not isinstance(source, str):
        return source
    found = {entry.name: entry for entry in entry_points(group=GROUP)}
    if source not in found:
        meant = nearest([source], found)
        raise SourceError(
            f"No source is called {source!r}; there are {', '.join(sorted(found)) or 'none'}.",
            hint=f"{'' if meant is None else f'{meant} '}"
            "`alert-analytics inspect FILE` writes what reads any table; in Python aa.sources.Tabular(...).",
        )
    made: Source = found[source].load()()
    return made
