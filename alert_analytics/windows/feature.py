"""What the columns of features mean, and where one of them stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from alert_analytics.errors import WindowsError
from alert_analytics.matrices import Matrix

Features = Matrix


@dataclass(frozen=True)
class Feature:
    """What a column of numbers means.

    Attributes
    ----------
    name, unit : str
        As it stands in a model's metadata; the unit is ``1`` for a pure number.
    formula : str
        How it is computed, in words, from what had happened by the window's end.
    """

    name: str
    unit: str
    formula: str


def places(schema: Sequence[Feature], names: Sequence[str]) -> list[int]:
    """Find where the features of these names stand.

    Raises
    ------
    WindowsError
        There is no such feature, or one is named twice.
    """
    place = {feature.name: j for j, feature in enumerate(schema)}
    for i, name in enumerate(names):
        if name not in place or name in names[:i]:
            raise WindowsError(
                f"{'No feature' if name not in place else 'Twice the feature'} {name!r}.",
                hint=f"features: {', '.join(feature.name for feature in schema[:16])}.",
            )
    return [place[name] for name in names]
