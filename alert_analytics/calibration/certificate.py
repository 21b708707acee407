"""What a later span says of the promise: kept, broken, or too few windows to tell."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from alert_analytics.stats.effective_size import EffectiveSize
from alert_analytics.stats.tolerance import binomial_bounds
from alert_analytics.tables import counted

_ERROR = 0.05


@dataclass(frozen=True)
class Certificate:
    """How many of the test windows reached 0.85, and what that proves.

    Attributes
    ----------
    status : str
        ``certified``: the upper bound is at most alpha. ``falsified``: the lower bound is above alpha, on windows known
        to be normal. ``suspect``: the same where nobody said that they are: drift, or real anomalies. ``inconclusive``
        else; even a kept promise is certified only about half the time with as many test windows as calibration ones.
        ``no promise``: of a best effort there is none to hold.
    alpha : float
        What was promised.
    m, m_eff : int, float
        Windows looked at, and what they are worth.
    n_flagged : int
        How many of them reached 0.85.
    low, high : float
        One-sided 95 % Clopper-Pearson bounds of the share that does, each.
    normal_by : str
        Who says that the windows are normal: ``labels``, ``declaration`` or ``nobody``.
    start, end : str or int
        The span looked at; times in ISO 8601.
    """

    status: str
    alpha: float
    m: int
    m_eff: float
    n_flagged: int
    low: float
    high: float
    normal_by: str
    start: str | int | None
    end: str | int | None

    @property
    def sentence(self) -> str:
        """The certificate in words."""
        share = self.n_flagged / self.m if self.m else 0.0
        meaning = {
            "certified": f"at most the {self.alpha:.2%} promised, with 95% confidence: certified",
            "falsified": f"more than the {self.alpha:.2%} promised, of windows known to be normal: falsified",
            "suspect": f"more than the {self.alpha:.2%} promised; real anomalies or drift: suspect",
            "no promise": "nothing was promised of that",
            "inconclusive": f"too few windows to tell whether that is at most the {self.alpha:.2%} promised",
        }
        return (
            f"{self.n_flagged:,} of {counted(self.m, 'test window')} (worth {self.m_eff:,.0f}) reached 0.85: "
            f"{share:.2%}, between {self.low:.2%} and {self.high:.2%}; {meaning[self.status]}."
        )

    def to_dict(self) -> dict[str, Any]:
        """The fields by name, plain values."""
        return asdict(self)


def certificate(
    is_anomaly: npt.NDArray[np.bool_],
    size: EffectiveSize,
    alpha: float,
    normal_by: str,
    span: tuple[str | int | None, str | int | None],
) -> Certificate:
    """Hold a promise against the windows of a later span.

    Parameters
    ----------
    is_anomaly : numpy.ndarray of bool, shape (m,)
        Of each window, whether it reached 0.85.
    size : EffectiveSize
        Of their raw scores.
    alpha : float
        What was promised.
    normal_by : str
        ``labels``, ``declaration`` or ``nobody``.
    span : tuple
        Start and end of the test span.

    Returns
    -------
    Certificate
        Its bounds take f of m windows for ``f m_eff / m`` of m_eff independent ones.
    """
    m, flagged = is_anomaly.size, int(np.count_nonzero(is_anomaly))
    bounds = binomial_bounds(flagged * size.n_eff / m if m else 0.0, size.n_eff, _ERROR)
    if bounds.high <= alpha:
        status = "certified"
    elif bounds.low > alpha:
        status = "suspect" if normal_by == "nobody" else "falsified"
    else:
        status = "inconclusive"
    return Certificate(status, alpha, m, size.n_eff, flagged, bounds.low, bounds.high, normal_by, *span)
