"""What is usually computed instead: Jaccard, Pearson and z over buckets of time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.sparse import csr_array, triu

from alert_analytics.analytics.correlation_firings import Asked
from alert_analytics.analytics.correlation_topology import neighbourhoods

Floats = npt.NDArray[np.float64]


def symmetric_measures(alerts: Asked) -> pa.Table:
    """Compare items by the buckets of time and scope that they share.

    None of it knows who comes first, and none tells a shared load from a cause: an hour with many alerts makes every
    pair in it look related. It stands here to be compared with.

    Parameters
    ----------
    alerts : Asked
        The alerts. A bucket is as long as the window; with linked scopes, what fires in one of them counts in the
        bucket of the scope too.

    Returns
    -------
    pyarrow.Table
        ``left``, ``right`` (in order of their names), ``n_left``, ``n_right``, ``n_both`` (buckets), ``jaccard``
        (``n_both / (n_left + n_right - n_both)``), ``phi`` (Pearson's r of "is there one"), ``z`` (of ``n_both``
        beside independent draws of buckets: ``phi sqrt(n - 1)``), ``pearson`` (r of the counts); by falling
        ``pearson``. A row for every pair that shares a bucket. ``phi``, ``z`` and ``pearson`` are null where an item is
        in every bucket alike.
    """
    firings = neighbourhoods(alerts.firings, alerts.links)
    n_items, start = firings.n_items, alerts.span_us[0]
    n_buckets = (alerts.span_us[1] - start) // firings.window_us + 1
    # No alert is later than the end of the span, which has a bucket of its own where the window divides it.
    cell = firings.scope * np.int64(n_buckets) + (firings.time_us - start) // firings.window_us
    _, row = np.unique(cell, return_inverse=True)
    n_scopes = int(firings.scope[-1]) + 1 if firings.scope.size else 0
    n_cells = max(n_scopes * n_buckets, 1)
    shape = (int(row.max(initial=-1)) + 1, n_items)
    counts = csr_array((np.ones(row.size), (row, firings.item)), shape=shape)
    counts.sum_duplicates()
    there = csr_array((np.ones(counts.nnz), counts.indices, counts.indptr), shape=shape)
    both = triu(there.T @ there, k=1).tocoo()
    left, right, n_both = both.row, both.col, both.data
    n_there = np.asarray(there.sum(axis=0)).ravel()
    products = csr_array(counts.T @ counts)
    pearson = _pearson(
        np.asarray(products[left, right]).ravel() if left.size else np.zeros(0),
        (np.asarray(counts.sum(axis=0)).ravel(), products.diagonal()),
        (left, right),
        n_cells,
    )
    phi = _pearson(n_both, (n_there, n_there), (left, right), n_cells)
    order = np.lexsort((right, left, -pearson))
    names = alerts.items["item"].combine_chunks().cast(pa.string())
    columns = {
        "left": names.take(pa.array(left[order])),
        "right": names.take(pa.array(right[order])),
        "n_left": n_there[left][order].astype(np.int64),
        "n_right": n_there[right][order].astype(np.int64),
        "n_both": n_both[order].astype(np.int64),
        "jaccard": (n_both / (n_there[left] + n_there[right] - n_both))[order],
        "phi": pa.array(phi[order], from_pandas=True),
        "z": pa.array((phi * np.sqrt(n_cells - 1))[order], from_pandas=True),
        "pearson": pa.array(pearson[order], from_pandas=True),
    }
    return pa.table(columns)


def _pearson(
    product: Floats, sums: tuple[Floats, Floats], ends: tuple[npt.NDArray[np.integer], npt.NDArray[np.integer]], n: int
) -> Floats:
    """Pearson's r from sums of products, sums and sums of squares over `n` cells, most of them empty."""
    total, squares = sums
    left, right = ends
    spread = squares - total**2 / n
    scale = np.sqrt(np.maximum(spread[left] * spread[right], 0.0))
    r = np.divide(product - total[left] * total[right] / n, scale, out=np.full(scale.shape, np.nan), where=scale > 0)
    clipped: Floats = np.clip(r, -1.0, 1.0)
    return clipped
