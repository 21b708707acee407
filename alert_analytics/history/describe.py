"""A look at a history before it is believed: span, gaps, open share, nulls, and what looks wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import TYPE_CHECKING, Any

from alert_analytics.tables import counted

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

    from alert_analytics.engine import Answer

_SHOWN = 8
"""How many reasons are printed; one of a word quotes it, so there may be as many as rows."""

QUESTIONS = frozenset({"columns", "describe", "extent", "gaps", "labels", "repeats", "thinning"})
"""The queries of this package that ask about ``alerts``; the others keep the store."""


@dataclass(frozen=True)
class Description:
    """What :meth:`AlertHistory.describe` saw.

    Attributes
    ----------
    n_alerts, n_open : int
        Alerts in scope, and those without an end by the watermark.
    settings : mapping
        The history's scope, span and watermark.
    columns : pyarrow.Table
        ``column, null_share, n_distinct, most_common, most_common_share``.
    gaps : pyarrow.Table
        ``gap_start, gap_end, n_hours``: stretches without an alert of a day or more, at least five times the usual.
    quarantined : mapping of str to int
        Rows set aside, by reason.
    suspicious : tuple of str
        What would make an answer wrong or empty, in words.
    thin_from : datetime or None
        From when on the history holds next to nothing, though it goes on for long; ``until=thin_from`` leaves it out.
    """

    n_alerts: int
    n_open: int
    settings: Mapping[str, object]
    columns: pa.Table
    gaps: pa.Table
    quarantined: Mapping[str, int]
    suspicious: tuple[str, ...]
    thin_from: datetime | None

    @property
    def open_share(self) -> float | None:
        """The share of alerts that are open at the watermark; None without alerts."""
        return self.n_open / self.n_alerts if self.n_alerts else None

    @property
    def sentence(self) -> str:
        """The description in one sentence."""
        if not self.n_alerts:
            refused = sum(self.quarantined.values())
            return "No alert is in scope" + (f"; {set_aside(refused)}." if refused else ".")
        share, odd = self.open_share or 0.0, len(self.suspicious)
        warned = f"{odd} thing{'s' * (odd != 1)} to look at" if odd else "nothing looks wrong"
        return (
            f"{counted(self.n_alerts, 'alert')} from {self.settings['span_start']:%Y-%m-%d %H:%M} to "
            f"{self.settings['watermark']:%Y-%m-%d %H:%M}, "
            f"{share:.1%} of them open; {counted(sum(self.quarantined.values()), 'row')} set aside; {warned}."
        )

    def to_polars(self) -> pl.DataFrame:
        """The table of columns as a polars frame."""
        import polars as pl

        return pl.DataFrame(pl.from_arrow(self.columns))

    def __repr__(self) -> str:
        lines = [self.sentence, "", f"{'column':<12}{'missing':>8}{'distinct':>10}  most common"]
        for row in self.columns.to_pylist():
            common = "" if row["most_common"] is None else f"{row['most_common']} ({row['most_common_share']:.0%})"
            lines.append(f"{row['column']:<12}{row['null_share']:>8.1%}{row['n_distinct']:>10,}  {common}")
        lines += [f"set aside: {n:,} x {reason}" for reason, n in list(self.quarantined.items())[:_SHOWN]]
        if (more := len(self.quarantined) - _SHOWN) > 0:
            lines.append(f"set aside: {counted(more, 'more reason')}; quarantine() lists them")
        lines += [f"gap: {g['gap_start']} to {g['gap_end']} ({g['n_hours']:.0f} h)" for g in self.gaps.to_pylist()]
        lines += [f"look at: {what}" for what in self.suspicious]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return f"<pre>{escape(repr(self))}</pre>"


def set_aside(n_rows: int) -> str:
    """Say how many rows were set aside."""
    return f"{counted(n_rows, 'row')} {'was' if n_rows == 1 else 'were'} set aside"


def described(
    ask: Callable[..., Answer], settings: Mapping[str, object], refused: Mapping[str, int], *, has_identity: bool
) -> Description:
    """Describe a history through its own way of asking.

    Parameters
    ----------
    ask : callable
        :meth:`AlertHistory.ask`.
    settings : mapping
        The history's settings.
    refused : mapping of str to int
        Rows in quarantine, by reason.
    has_identity : bool
        Whether a row can repeat another's alert.

    Returns
    -------
    Description
        Also for a history without alerts.
    """
    counts: dict[str, Any] = ask("describe", package=__package__).arrow().to_pylist()[0]
    repeats = ask("repeats", package=__package__).arrow().to_pylist()[0] if has_identity else {"n_repeats": 0}
    columns = ask("columns", package=__package__).arrow()
    gaps = ask("gaps", package=__package__).arrow()
    thin = ask("thinning", package=__package__, params={"span_end": settings["span_end"]}).arrow().to_pylist()
    seen = counts | repeats | {"thin": thin[0] if thin else None}
    odd = tuple(_suspicions(seen, columns, gaps, refused)) if counts["n_alerts"] else ()
    thin_from = thin[0]["thin_from"] if thin else None
    return Description(
        counts["n_alerts"], counts["n_open"], dict(settings), columns, gaps, dict(refused), odd, thin_from
    )


def _suspicions(counts: dict[str, Any], columns: pa.Table, gaps: pa.Table, refused: Mapping[str, int]) -> Iterator[str]:
    n = counts["n_alerts"]
    if counts["n_repeats"]:
        verb = "repeats" if counts["n_repeats"] == 1 else "repeat"
        yield f"{counted(counts['n_repeats'], 'row')} {verb} an alert; ingest into a store folds them into one."
    if n >= 100 and counts["n_open"] == 0:
        yield "no alert is open: an export of closed alerts only makes resolution look faster than it is."
    if counts["n_open"] == n:
        yield "no alert is resolved: is resolved_at mapped?"
    if counts["n_instant"] > 0.2 * n:
        yield f"{counts['n_instant'] / n:.0%} of the alerts are resolved in the instant they fired."
    if n >= 20 and counts["n_at_midnight"] > 0.5 * n:
        yield "most alerts fire at midnight: fired_at holds dates without a time of day."
    elif n >= 20 and counts["n_on_the_hour"] > 0.5 * n:
        yield "most alerts fire on the full hour: times are rounded, so pairs within minutes cannot be trusted."
    if counts["n_unknown_rule"] == n:
        yield "no alert names a rule: correlation needs one (map a column to rule, or use of=...)."
    for row in columns.to_pylist():
        if row["column"] in {"service", "severity"} and row["null_share"] > 0.5:
            yield f"{row['column']} is missing in {row['null_share']:.0%} of the alerts."
    if counts["thin"]:
        day = f"{counts['thin']['thin_from']:%Y-%m-%d}"
        yield (
            f"only {counted(counts['thin']['n_after'], 'alert')} fired from {day} on: an export that was cut by date? "
            f"A trend over it falls for that reason alone; use until='{day}'."
        )
    elif gaps.num_rows:
        longest = gaps.to_pylist()[0]
        yield f"nothing fired for {longest['n_hours']:.0f} h from {longest['gap_start']}: quiet, or not recorded?"
    share = sum(refused.values()) / (n + sum(refused.values()))
    if share > 0.01:
        yield f"{share:.1%} of the rows were set aside; quarantine() lists them with the reason."
