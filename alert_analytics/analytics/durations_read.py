"""The times to resolve of a history, read and put in order group by group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np

from alert_analytics.analytics.durations import INCIDENT, SERVICE_DAY, Group
from alert_analytics.analytics.hashes import distinctly
from alert_analytics.engine import Answer
from alert_analytics.engine.kernels.durations import by_group_and_duration
from alert_analytics.engine.kernels.lookup import numbered_by_day, places_of
from alert_analytics.errors import UnknownColumnError
from alert_analytics.history import AlertHistory


def groups_of(
    history: AlertHistory, names: Sequence[str], cluster: str | None, watermark: datetime | None, level: float
) -> tuple[list[Group], Answer, str]:
    """Read the durations of a history, group by group.

    Parameters
    ----------
    history : AlertHistory
        What to read.
    names : sequence of str
        Columns or labels to group by.
    cluster : str or None
        A column or label whose alerts resolve together; ``auto``: the column or label ``incident`` where there is one;
        None: every alert for itself. Where it is null, and by default, alerts of one service and day are a cluster.
    watermark : datetime or None
        Where open alerts are censored; None for an empty history.
    level : float
        Coverage of the intervals.

    Returns
    -------
    groups : list of Group
        In the order of their keys.
    answer : Answer
        For its SQL.
    clusters : str
        What the clusters are, in words.

    Raises
    ------
    UnknownColumnError
        A name that the history does not have.
    """

    def asking(query: str, salt: int) -> tuple[Answer, str]:
        params = {"watermark": watermark, "salt": salt}
        return asked_by_cluster(history, query, {"series": names}, params, cluster)

    listed, hashes, salt = distinctly(lambda salt: asking("resolution_clusters", salt)[0])
    answer, said = asking("resolution", salt)
    columns = answer.arrow()
    place = places_of(columns["known"].to_numpy(), hashes)
    code = listed["group_code"].to_numpy()
    shared = np.arange(place.size) if cluster is None else listed["origin_code"].to_numpy()[place]
    clusters = shared if cluster is None else numbered_by_day(shared, columns["day"].to_numpy())
    keys: dict[int, tuple[str | None, ...]] = dict(
        zip(code.tolist(), map(tuple, listed["series"].to_pylist()), strict=True)
    )
    duration, resolved = columns["duration_us"].to_numpy(), columns["resolved"].to_numpy()
    del columns
    first, seconds, ended, clusters = by_group_and_duration(code[place], len(keys), duration, resolved, clusters)
    groups = []
    for g in range(len(keys)):
        here = slice(first[g], first[g + 1])
        groups.append(Group(keys[g], seconds[here], ended[here], clusters[here], level))
    return groups, answer, said


def asked_by_cluster(
    history: AlertHistory,
    query: str,
    keys: Mapping[str, Sequence[str]],
    params: Mapping[str, object],
    cluster: str | None,
) -> tuple[Answer, str]:
    """Ask with the key ``cluster`` as well, by what resolves together.

    Parameters
    ----------
    history : AlertHistory
        What to read.
    query : str
        The name of the ``.sql`` file.
    keys, params : mapping
        The others.
    cluster : str or None
        As for :func:`groups_of`.

    Returns
    -------
    answer : Answer
        Not fetched yet.
    clusters : str
        What the clusters are, in words.

    Raises
    ------
    UnknownColumnError
        A name that the history does not have.
    """
    if cluster is None:
        return history.ask(query, keys={**keys, "cluster": []}, params=params), "each alert for itself"
    wanted = INCIDENT if cluster == "auto" else cluster
    try:
        answer = history.ask(query, keys={**keys, "cluster": [wanted]}, params=params)
    except UnknownColumnError:
        if cluster != "auto":
            raise
        return history.ask(query, keys={**keys, "cluster": []}, params=params), SERVICE_DAY
    return answer, f"{wanted}, or {SERVICE_DAY} where it is missing"
