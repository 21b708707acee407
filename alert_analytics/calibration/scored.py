"""Scored windows: the table, the answer in words, the way back to the alerts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from alert_analytics.detectors.base import Learned
from alert_analytics.scoring import Scores
from alert_analytics.tables import FlatTable, counted, in_figures
from alert_analytics.windows import Windows

if TYPE_CHECKING:
    import altair as alt

    from alert_analytics.history import AlertHistory

_NAMED = 3  # features that a window is described by
_CYCLE = ("hour_sin", "hour_cos", "week_sin", "week_cos")  # say when, not what


@dataclass(frozen=True, eq=False, repr=False)
class ScoredWindows(FlatTable):
    """A row per window, in the order given; made by :meth:`CalibratedModel.score`.

    Attributes
    ----------
    table : pyarrow.Table
        ``entity``, ``window_end`` (UTC), ``raw``, ``score`` (0.85 and more is anomalous), ``p_value``, ``is_anomaly``;
        ``label`` where the windows have one. Null in raw, score and p_value for a window without any value.
    windows : Windows
        What was scored.
    learned : Learned
        What is usual, for the words.
    alpha : float
        What share of normal windows reaches 0.85, at most.
    settings : mapping
        Detector, promise, spans.
    """

    windows: Windows
    learned: Learned
    alpha: float
    settings: Mapping[str, object]

    @classmethod
    def of(
        cls, scores: Scores, windows: Windows, learned: Learned, alpha: float, settings: Mapping[str, object]
    ) -> ScoredWindows:
        """Put scores beside the windows that they are of."""
        columns: dict[str, Any] = {
            "entity": pa.array(windows.entity.tolist(), pa.string()),
            "window_end": pa.array(windows.window_end),
            "raw": pa.array(scores.raw.astype(np.float64), from_pandas=True),
            "score": pa.array(scores.score, from_pandas=True),
            "p_value": pa.array(scores.p_value, from_pandas=True),
            "is_anomaly": pa.array(scores.is_anomaly),
        }
        if windows.labels is not None:
            columns["label"] = pa.array(windows.labels)
        return cls(pa.table(columns), windows, learned, alpha, settings)

    @property
    def n_anomalous(self) -> int:
        """Windows that reach 0.85."""
        return int(np.count_nonzero(self.table["is_anomaly"].to_numpy()))

    @property
    def sentence(self) -> str:
        """How many reach 0.85, and the most anomalous one, in words."""
        if not len(self):
            return "There is no window to score."
        unknown = self.table["score"].null_count
        lost = f" {counted(unknown, 'window')} without any value could not be scored." if unknown else ""
        head = (
            f"{self.n_anomalous:,} of {counted(len(self), 'window')} ({self.n_anomalous / len(self):.2%}) reach 0.85, "
            f"where at most {self.alpha:.2%} of normal ones should."
        )
        top = self.most_anomalous(1)
        return f"{head}{lost} Most anomalous: {self.describe(top[0])}." if top else f"{head}{lost}"

    def most_anomalous(self, n: int = 5) -> list[int]:
        """Row numbers of the windows with the highest raw scores, highest first; those without a score never."""
        raw = self.table["raw"].to_numpy()
        order = np.argsort(-raw, kind="stable")[:n]
        return [int(row) for row in order if not np.isnan(raw[row])]

    def describe(self, row: int) -> str:
        """Say a window in words: whose, when, its score, and in which features it is furthest from what is usual.

        Parameters
        ----------
        row : int
            Which row of the table, from 0.

        Returns
        -------
        str
            Features by their distance from the training median, in units of their training spread. This says what is
            unusual about the window; it does not say what moved the score.

        Raises
        ------
        IndexError
            There is no such row.
        """
        record = self._row(row)
        score = "not scored" if record["score"] is None else f"score {record['score']:.3f}"
        return f"{record['entity']}, {self._when(row)}: {score}{self._unusual(row)}"

    def alerts(self, row: int = 0) -> AlertHistory:
        """Go back to the alerts that fired in a window; see :meth:`Windows.alerts`."""
        self._row(row)
        return self.windows.alerts(row)

    def plot(self) -> alt.Chart | alt.LayerChart:
        """Draw the scores over time, with the cut at 0.85.

        Raises
        ------
        MissingDependencyError
            Altair is not installed.
        """
        from alert_analytics.plots import plot

        return plot(self)

    def _when(self, row: int) -> str:
        end, width = self.windows.window_end[row], self.windows.width
        if not np.issubdtype(self.windows.window_end.dtype, np.datetime64):
            return f"step {end}"
        start, stop = ((end - width).item(), end.item())
        return f"{start:%a %d %b %Y %H:%M} to {stop:%H:%M} UTC"

    def _unusual(self, row: int) -> str:
        values = self.windows.features[row].astype(np.float64)
        distance = np.abs(values - self.learned.medians) / self.learned.spread
        newest = [name.removesuffix("[t]") for name in self.windows.feature_names]
        said = [
            j for j, name in enumerate(newest) if "[" not in name and name not in _CYCLE and not np.isnan(values[j])
        ]
        furthest = sorted(said, key=lambda j: -distance[j])[:_NAMED]
        parts = [
            f"{newest[j]} {in_figures(values[j])} (usually {in_figures(float(self.learned.medians[j]))})"
            for j in furthest
            if distance[j] > 0
        ]
        return f"; {', '.join(parts)}" if parts else ""
