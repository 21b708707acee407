"""What correlation is computed from: a history's alerts as codes and times, and which of their scopes are linked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from alert_analytics.analytics.correlation_counts import Firings
from alert_analytics.analytics.correlation_topology import linked_scopes
from alert_analytics.analytics.hashes import distinctly
from alert_analytics.engine.kernels.candidates import Links
from alert_analytics.engine.kernels.lookup import places_of
from alert_analytics.history import AlertHistory

_EPOCH = datetime(1970, 1, 1)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Asked:
    """A history's alerts, ready to be paired.

    Attributes
    ----------
    firings : Firings
        Those whose item and scope are known.
    items : pyarrow.Table
        ``item`` and ``n_alerts``, in order of the items' codes.
    scopes : list of tuple of str
        In order of their codes; empty where no topology asks for them.
    links : Links
        Of these scopes.
    span_us : tuple of int
        Start and end of what was observed, epoch microseconds.
    sql : str
        The query.
    """

    firings: Firings
    items: pa.Table
    scopes: list[tuple[str, ...]]
    links: Links
    span_us: tuple[int, int]
    sql: str


def asked(
    history: AlertHistory, of: str, scope: Sequence[str], window: timedelta, topology: pa.Table | None = None
) -> Asked:
    """Fetch what is to be paired.

    Parameters
    ----------
    history : AlertHistory
        The alerts.
    of : str
        Column or label whose values are the items.
    scope : sequence of str
        Columns or labels that make a scope.
    window : timedelta
        The window W.
    topology : pyarrow.Table, optional
        Links between scopes, as :func:`~alert_analytics.analytics.correlation_topology.read_topology` gives them.

    Returns
    -------
    Asked
        Empty for an empty history.

    Raises
    ------
    UnknownColumnError
        `of` or `scope` names nothing.
    """
    keys = {"item": (of,), "scope": tuple(scope)}
    listed, hashes, salt = distinctly(lambda salt: history.ask("correlation_codes", keys=keys, params={"salt": salt}))
    answer = history.ask("correlation", keys=keys, params={"salt": salt})
    rows = answer.arrow()
    place, time_us = places_of(rows["known"].to_numpy(), hashes), rows["time_us"].to_numpy()
    scope_code, item_code = (listed[name].fill_null(-1).to_numpy() for name in ("scope_code", "item_code"))
    known = listed.filter(pc.is_valid(listed["item_code"]))
    if known.num_rows < listed.num_rows:
        kept = item_code[place] >= 0
        place, time_us = place[kept], time_us[kept]
    # They come in order of their codes: what begins at each is its first scope.
    first = np.flatnonzero(np.diff(known["item_code"].to_numpy(), prepend=-1))
    n_alerts = np.add.reduceat(known["n_alerts"].to_numpy(), first) if first.size else np.zeros(0, dtype=np.int64)
    items = pa.table({"item": known["item"].take(pa.array(first)), "n_alerts": pa.array(n_alerts, pa.int64())})
    firings = Firings(scope_code[place], item_code[place], time_us, items.num_rows, window // _MICROSECOND)
    n_scopes = int(firings.scope[-1]) + 1 if firings.scope.size else 0
    scopes: list[tuple[str, ...]] = []
    if topology is not None:
        numbered = dict(zip(known["scope_code"].to_pylist(), map(tuple, known["scope"].to_pylist()), strict=True))
        scopes = [numbered[code] for code in range(n_scopes)]
    span = history.span
    ends = (span.start, span.end) if span else (_EPOCH, _EPOCH)
    return Asked(
        firings,
        items,
        scopes,
        linked_scopes(topology, scopes, n_scopes),
        ((ends[0] - _EPOCH) // _MICROSECOND, (ends[1] - _EPOCH) // _MICROSECOND),
        answer.sql,
    )
