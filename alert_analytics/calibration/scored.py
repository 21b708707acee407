"""Scored windows: the table, the answer in words, the way back to the alerts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from alert_analytics.calibration.cut import SCORE_CUT
from alert_analytics.scoring import Manifest, Scores
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
    manifest : Manifest
        What the model says of itself.
    """

    windows: Windows
    manifest: Manifest

    @classmethod
    def of(cls, scores: Scores, windows: Windows, manifest: Manifest) -> ScoredWindows:
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
        return cls(pa.table(columns), windows, manifest)

    @property
    def settings(self) -> dict[str, object]:
        """What was scored (the history's scope, how the windows are made) and what with: detector, promise, spans."""
        said = self.manifest
        names = ("detector", "alpha", "delta", "k", "n_eff", "threshold", "training", "calibration", "certificate")
        return self.windows.settings | {name: getattr(said, name) for name in names}

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
            f"{self._promised}."
        )
        lost += self._strangers
        top = self.most_anomalous(1)
        return f"{head}{lost} Most anomalous: {self.describe(top[0])}." if top else f"{head}{lost}"

    def most_anomalous(self, n: int = 5, *, apart: int = 0) -> list[int]:
        """Find the windows with the highest raw scores, highest first.

        Parameters
        ----------
        n : int
            How many at most; windows without a score are never among them.
        apart : int
            Leave out windows that end within so many window lengths of one found before, of the same entity: a storm
            of hours is told once.

        Returns
        -------
        list of int
            Row numbers.
        """
        raw = self.table["raw"].to_numpy()
        found: list[int] = []
        for row in np.argsort(-raw, kind="stable"):
            if len(found) == n or np.isnan(raw[row]):
                break
            if not any(self._is_near(int(row), other, apart) for other in found):
                found.append(int(row))
        return found

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
        score = "not scored" if record["score"] is None else f"score {_shown(record['score'])}"
        return f"{record['entity']}, {self._when(row)}: {score}{self._unusual(row)}"

    def alerts(self, row: int = 0) -> AlertHistory:
        """Go back to the alerts that fired in a window; see :meth:`Windows.alerts`."""
        self._row(row)
        return self.windows.alerts(row)

    def plot(self) -> alt.FacetChart:
        """Draw the scores over time, with the cut at 0.85.

        Raises
        ------
        MissingDependencyError
            Altair is not installed.
        """
        from alert_analytics.plots import plot_scores

        return plot_scores(self)

    @property
    def _strangers(self) -> str:
        """A sentence on entities that the model was not calibrated with, empty where there is none."""
        known = self.manifest.entities
        strange = sorted(set(self.windows.entity.tolist()) - set(known)) if known else []
        if not strange:
            return ""
        named = ", ".join(strange[:_NAMED]) + (", ..." if len(strange) > _NAMED else "")
        return f" Careful: the model was not calibrated with {named}; its 0.85 promises nothing of them."

    @property
    def _promised(self) -> str:
        if self.manifest.k == 0:
            return "a best effort that promises nothing"
        return f"where at most {self.manifest.alpha:.2%} of normal ones should"

    def _is_near(self, row: int, other: int, apart: int) -> bool:
        windows = self.windows
        distance = abs(windows.window_end[row] - windows.window_end[other])
        return bool(windows.entity[row] == windows.entity[other] and distance <= apart * windows.width and row != other)

    def _when(self, row: int) -> str:
        end, width = self.windows.window_end[row], self.windows.width
        if not np.issubdtype(self.windows.window_end.dtype, np.datetime64):
            return f"step {end}"
        start, stop = ((end - width).item(), end.item())
        until = f"{stop:%H:%M}" if stop - start < timedelta(days=1) else f"{stop:%a %d %b %Y %H:%M}"
        return f"{start:%a %d %b %Y %H:%M} to {until} UTC"

    def _unusual(self, row: int) -> str:
        values = self.windows.features[row].astype(np.float64)
        usual = np.array([one["median"] for one in self.manifest.features])
        distance = np.abs(values - usual) / np.array([one["spread"] for one in self.manifest.features])
        newest = [name.removesuffix("[t]") for name in self.windows.feature_names]
        said = [j for j, name in enumerate(newest) if "[t-" not in name and name not in _CYCLE and distance[j] > 0]
        furthest = sorted(said, key=lambda j: -distance[j])[:_NAMED]
        parts = [f"{newest[j]} {in_figures(values[j])} (usually {in_figures(usual[j])})" for j in furthest]
        return f"; {', '.join(parts)}" if parts else ""


def _shown(score: float) -> str:
    """A score in three digits; what is below 0.85 never reads 0.850."""
    rounded = f"{score:.3f}"
    return "0.849" if score < SCORE_CUT and float(rounded) >= SCORE_CUT else rounded
