"""Which incident an alert belongs to, by a policy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

import duckdb
from duckdb import ColumnExpression, ConstantExpression, FunctionExpression, StarExpression

from alert_analytics.alerts.incidents import IncidentPolicy
from alert_analytics.engine import stacked
from alert_analytics.errors import HistoryError
from alert_analytics.history.joining import KEY

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation

    from alert_analytics.history.scope import Resolve

INCIDENT = "incident"
_GAP, _FOUND = "__alert_analytics_gap_us", "__alert_analytics_incident"


@dataclass(frozen=True)
class Gathering:
    """The column ``incident``: the same for alerts that a policy puts together.

    Attributes
    ----------
    policy : IncidentPolicy
        Which alerts belong together.
    """

    takes_out: ClassVar[bool] = False
    gathers: ClassVar[bool] = True

    policy: IncidentPolicy

    def described(self) -> dict[str, object]:
        """Say it in plain values."""
        return {"incidents": self.policy.described()}

    def applied(
        self, cursor: DuckDBPyConnection, rows: DuckDBPyRelation, resolve: Resolve, as_of: datetime | None
    ) -> DuckDBPyRelation:
        """The alerts with their incidents: of all of the tenant's alerts, whatever the conditions above this.

        Raises
        ------
        HistoryError
            They have a column ``incident`` already.
        UnknownColumnError
            They have no column or label that the policy names.
        """
        if INCIDENT in {name.lower() for name in rows.columns}:
            raise HistoryError(
                f"The alerts have a column {INCIDENT!r} already, which analyses use as it is.",
                hint="rename it in the table, or ask without a policy.",
            )
        values = [resolve(name).cast(duckdb.type("VARCHAR")) for name in self.policy.by]
        key = FunctionExpression("list_value", *values).cast(duckdb.type("VARCHAR[]"))
        gap = ConstantExpression(self.policy.gap // timedelta(microseconds=1)).cast(duckdb.type("BIGINT"))
        asked = rows.select(StarExpression(), key.alias(KEY), gap.alias(_GAP))
        found = stacked(cursor, "incidents", package=__package__, relations={"plain": asked})
        return found.select(
            *(ColumnExpression(name) for name in rows.columns), ColumnExpression(_FOUND).alias(INCIDENT)
        )
