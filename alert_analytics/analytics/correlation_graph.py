"""The graph of likely causes, and what hangs together in it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from alert_analytics.analytics.correlation_table import FDR

_EDGE = ["leader", "follower", "strength", "n_caused", "ebic_gain", "q_value", "p_direction", "median_lag_s"]
_GROUP_TYPES = {"group": pa.int64(), "item": pa.string(), "size": pa.int64()}


def likely_causes(pairs: pa.Table) -> pa.Table:
    """Keep the pairs that a graph of likely causes needs.

    Parameters
    ----------
    pairs : pyarrow.Table
        The table of a correlation.

    Returns
    -------
    pyarrow.Table
        Those with q < 0.05 and ``ebic_gain`` > 0, strongest first, with ``directed`` (p_direction < 0.05).
    """
    found = pc.and_(pc.less(pairs["q_value"], FDR), pc.greater(pairs["ebic_gain"], 0.0))
    edges = pairs.filter(found).select(_EDGE)
    return edges.append_column("directed", pc.less(edges["p_direction"], FDR))


def connected_groups(edges: pa.Table) -> pa.Table:
    """Collect what hangs together through edges, whatever their direction.

    Parameters
    ----------
    edges : pyarrow.Table
        ``leader`` and ``follower``.

    Returns
    -------
    pyarrow.Table
        ``group`` (from 0, largest first), ``item``, ``size``; a row per item of a connected component.
    """
    items, ends = np.unique(
        np.concatenate([edges["leader"].to_numpy(), edges["follower"].to_numpy()]).astype(np.str_),
        return_inverse=True,
    )
    joined = coo_array((np.ones(len(edges)), np.split(ends, 2)), shape=(items.size, items.size))
    label = connected_components(joined, directed=False)[1] if items.size else np.zeros(0, np.int64)
    size = np.bincount(label, minlength=1)[label].astype(np.int64)
    order = np.lexsort((items, label, -size))
    change = np.diff(label[order], prepend=label[order][:1]) != 0
    columns = {"group": np.cumsum(change), "item": items[order].tolist(), "size": size[order]}
    return pa.table({name: pa.array(values, _GROUP_TYPES[name]) for name, values in columns.items()})
