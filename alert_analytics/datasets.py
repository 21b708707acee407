"""The data that comes with the library: a small alert history whose truth is known.

It is drawn by :mod:`alert_analytics.simulation`; ``truth.json`` says what was planted, so that an
answer can be held against it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alert_analytics.errors import SourceNotFoundError

if TYPE_CHECKING:
    import pyarrow as pa

    from alert_analytics.history import AlertHistory

__all__ = ["sample", "sample_metrics", "sample_path", "sample_truth"]

_PACKAGE = Path(__file__).resolve().parent
_FOLDERS = (_PACKAGE / "data" / "sample", _PACKAGE.parent / "data" / "sample")
"""Inside an installed wheel, and in a checkout of the repository."""


def sample() -> AlertHistory:
    """Open the sample alert history: 16 weeks of two tenants, six services and 25 rules.

    Returns
    -------
    AlertHistory
        Of all tenants; ``.tenant("acme")`` gives the larger one. Its watermark is midnight UTC of 22 December 2025.

    Raises
    ------
    SourceNotFoundError
        When neither the installed package nor the checkout has the file.

    Examples
    --------
    >>> import alert_analytics as aa
    >>> aa.datasets.sample().tenant("acme").span.start.year
    2025
    """
    from alert_analytics.history import AlertHistory

    return AlertHistory.open(sample_path() / "alerts.parquet")


def sample_path() -> Path:
    """Return the folder that holds ``alerts.parquet``, ``metrics.parquet`` and ``truth.json``.

    Raises
    ------
    SourceNotFoundError
        When neither the installed package nor the checkout has it.
    """
    for folder in _FOLDERS:
        if (folder / "alerts.parquet").is_file():
            return folder
    looked = " and ".join(str(folder) for folder in _FOLDERS)
    raise SourceNotFoundError(
        f"sample data: no alerts.parquet in {looked}, expected it in one of them.",
        hint="reinstall alert-analytics, or in a checkout run `python -m alert_analytics.simulation data/sample`.",
    )


def sample_metrics() -> pa.Table:
    """Read the sample metric series: two weeks of three machines, labelled.

    Returns
    -------
    pyarrow.Table
        ``entity``, ``t`` (naive UTC, every five minutes), six metrics, ``label`` (1 inside a planted anomaly, else 0).

    Raises
    ------
    SourceNotFoundError
        When the sample is not there.
    """
    import pyarrow.parquet as pq

    return pq.read_table(sample_path() / "metrics.parquet")


def sample_truth() -> dict[str, Any]:
    """Read what was planted in the sample; ``["alerts"]`` and ``["metrics"]`` hold a part each.

    Returns
    -------
    dict
        The contents of ``truth.json``; the README beside it explains them.

    Raises
    ------
    SourceNotFoundError
        When the sample is not there.
    """
    truth: dict[str, Any] = json.loads((sample_path() / "truth.json").read_text(encoding="utf-8"))
    return truth
