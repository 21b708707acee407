"""Which scopes are neighbours: reading ``topology=``, and counting pairs that reach into linked scopes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from alert_analytics.analytics.correlation_counts import ComparedPairs, Firings, compared_pairs
from alert_analytics.engine.kernels.candidates import Links
from alert_analytics.errors import HistoryError
from alert_analytics.history.context import given_table
from alert_analytics.stats.multiple import benjamini_hochberg
from alert_analytics.stats.pairs import PairSums, PairTests

_HINT = "topology=[('web-1', 'db-1'), ...], or a table of two columns, with within='host'"


def read_topology(topology: Any, scope: Sequence[str]) -> pa.Table:
    """Read which scopes are linked.

    Parameters
    ----------
    topology : dataframe, Arrow table, path of Parquet or CSV, or iterable of pairs
        A row per link, its two ends in the first two columns; further columns do not count. A link holds both ways.
    scope : sequence of str
        The columns that make a scope: ``tenant_id`` and the one whose values the links name.

    Returns
    -------
    pyarrow.Table
        Text columns ``a`` and ``b``, in order, no row twice, without links of a scope to itself.

    Raises
    ------
    HistoryError
        There is not exactly one column in ``within=``, or it is the tenant; the table has fewer than two columns, or a
        missing end.
    SourceError
        The path names nothing, or no table.
    """
    if len(scope) != 2 or scope[1] == "tenant_id":
        raise HistoryError(
            f"topology= links values of one column, but within={list(scope[1:])}; pairs never cross tenants.",
            hint=_HINT,
        )
    table = _table_of(topology)
    if table.num_columns < 2:
        raise HistoryError(f"topology: a table of {table.column_names}; expected the two ends of a link.", hint=_HINT)
    try:
        ends = [table.column(i).cast(pa.string()) for i in (0, 1)]
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise HistoryError(f"topology: its columns {table.column_names[:2]} hold no text.", hint=_HINT) from error
    if missing := sum(end.null_count for end in ends):
        raise HistoryError(
            f"topology: {missing:,} of {2 * table.num_rows:,} ends {'is' if missing == 1 else 'are'} missing.",
            hint="drop those rows.",
        )
    ordered = pa.table({"a": pc.min_element_wise(*ends), "b": pc.max_element_wise(*ends)})
    ordered = ordered.filter(pc.not_equal(ordered["a"], ordered["b"]))
    return ordered.group_by(["a", "b"]).aggregate([]).sort_by([("a", "ascending"), ("b", "ascending")])


def _table_of(topology: Any) -> pa.Table:
    if isinstance(topology, Iterable) and not isinstance(topology, (str, bytes, Mapping)):
        if hasattr(topology, "__arrow_c_stream__"):
            return given_table(topology).rows.to_arrow_table()
        pairs = list(topology)
        if not pairs:
            return pa.table({"a": pa.array([], pa.string()), "b": pa.array([], pa.string())})
        if not isinstance(pairs[0], Mapping):
            return _from_pairs(pairs)
        topology = pairs
    return given_table(topology).rows.to_arrow_table()


def _from_pairs(pairs: list[Any]) -> pa.Table:
    for pair in pairs:
        if isinstance(pair, (str, bytes)) or not isinstance(pair, Sequence) or len(pair) != 2:
            raise HistoryError(f"topology: {pair!r} is no pair of linked scopes.", hint=_HINT)
    return pa.table(
        {
            name: pa.array([None if p[i] is None else str(p[i]) for p in pairs], pa.string())
            for i, name in enumerate("ab")
        }
    )


def linked_scopes(topology: pa.Table | None, scopes: Sequence[tuple[str, ...]], n_scopes: int) -> Links:
    """Find the links among scopes that have alerts; they hold inside each tenant.

    Parameters
    ----------
    topology : pyarrow.Table, optional
        From :func:`read_topology`; None for no links.
    scopes : sequence of tuple of str
        Tenant and value, in order of the scopes' codes.
    n_scopes : int
        How many scopes there are.

    Returns
    -------
    Links
        Both ways.
    """
    found: list[tuple[int, int]] = []
    if topology is not None:
        code = {scope: i for i, scope in enumerate(scopes)}
        named = list(zip(topology["a"].to_pylist(), topology["b"].to_pylist(), strict=True))
        for tenant in {scope[0] for scope in scopes}:
            ends = ((code.get((tenant, a)), code.get((tenant, b))) for a, b in named)
            found += [(a, b) for a, b in ends if a is not None and b is not None]
    one_way = np.array(found, dtype=np.int64).reshape(-1, 2)
    both = np.concatenate([one_way, one_way[:, ::-1]])
    both = both[np.lexsort((both[:, 1], both[:, 0]))]
    first = np.searchsorted(both[:, 0], np.arange(n_scopes + 1))
    return Links(first, both[:, 1].astype(np.int32))


def check_links(topology: pa.Table, scopes: Sequence[tuple[str, ...]], links: Links) -> None:
    """Refuse a topology that speaks of other things than the scopes.

    Raises
    ------
    HistoryError
        There are links and alerts, but no link names two scopes that have any.
    """
    if topology.num_rows and scopes and not links.scope.size:
        link = topology.slice(0, 1).to_pylist()[0]
        raise HistoryError(
            f"topology: none of {topology.num_rows:,} links joins two of the {len(scopes):,} scopes that have alerts "
            f"(a link: {link['a']!r} and {link['b']!r}; a scope: {scopes[0][1]!r}).",
            hint="its columns hold values of within=.",
        )


def neighbourhoods(firings: Firings, links: Links) -> Firings:
    """Repeat each firing in every scope that is linked to its own, beside itself.

    Parameters
    ----------
    firings : Firings
        In order of scope and time.
    links : Links
        Linked scopes.

    Returns
    -------
    Firings
        In order of scope and time: what is heard in each scope, from itself or from next door.
    """
    n_linked = np.diff(links.first)[firings.scope]
    source = np.repeat(np.arange(firings.item.size), n_linked)
    place = np.arange(source.size) - np.repeat(np.cumsum(n_linked) - n_linked, n_linked)
    scope = np.concatenate([firings.scope, links.scope[links.first[firings.scope[source]] + place]])
    rows = np.concatenate([np.arange(firings.item.size), source])
    order = np.lexsort((firings.time_us[rows], scope))
    rows = rows[order]
    return Firings(scope[order], firings.item[rows], firings.time_us[rows], firings.n_items, firings.window_us)


def compared_neighbours(firings: Firings, span_us: tuple[int, int], links: Links) -> ComparedPairs:
    """Count and test as :func:`compared_pairs` does, with the follower in the leader's scope or in a linked one.

    Parameters
    ----------
    firings : Firings
        All alerts.
    span_us : tuple of int
        Start and end of what was observed, in microseconds.
    links : Links
        Linked scopes; without any, the answer is that of :func:`compared_pairs`.

    Returns
    -------
    ComparedPairs
        A burst of the follower is one of the neighbourhood: runs of its firings in the scope and in those linked.

    Notes
    -----
    Every firing counts once in its own scope, as a leader, and once in each scope where it is heard, as a follower
    under a second code. So the kernels know of no links.
    """
    if not links.scope.size:
        return compared_pairs(firings, span_us)
    n = firings.n_items
    heard = neighbourhoods(firings, links)
    scope = np.concatenate([firings.scope, heard.scope])
    item = np.concatenate([firings.item, heard.item + np.int32(n)])
    time_us = np.concatenate([firings.time_us, heard.time_us])
    order = np.lexsort((time_us, scope))
    pairs = compared_pairs(Firings(scope[order], item[order], time_us[order], 2 * n, firings.window_us), span_us)
    kept = np.flatnonzero((pairs.leader < n) & (pairs.follower >= n) & (pairs.leader != pairs.follower - n))
    tests = _rows(PairTests, pairs.tests, kept)
    return ComparedPairs(
        pairs.leader[kept],
        pairs.follower[kept] - np.int32(n),
        pairs.n_together[kept],
        sums=_rows(PairSums, pairs.sums, kept),
        tests=tests,
        q_value=benjamini_hochberg(tests.p_value, n_tests=firings.n_pairs),
        median_lag_s=pairs.median_lag_s[kept],
    )


def _rows(kind: Any, columns: Any, kept: npt.NDArray[np.int64]) -> Any:
    return kind(**{name: values[kept] for name, values in vars(columns).items()})
