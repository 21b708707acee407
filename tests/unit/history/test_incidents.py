"""Alerts that belong together: by a policy, from earlier firings alone."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import alert_analytics as aa
from alert_analytics.errors import HistoryError, UnknownColumnError
from alert_analytics.history import AlertHistory

DAY = datetime(2026, 3, 1)
POLICY = aa.IncidentPolicy(by="service", gap=timedelta(minutes=10))


def at(minutes: float) -> datetime:
    return DAY + timedelta(minutes=minutes)


def opened(*rows: tuple[Any, ...], **more: Any) -> AlertHistory:
    """Alerts of a tenant and a service, fired after so many minutes."""
    tenant, service, fired = zip(*rows, strict=True)
    frame = pl.DataFrame(
        {
            "fingerprint": [str(number) for number in range(len(rows))],
            "tenant_id": tenant,
            "service": pl.Series(service, dtype=pl.String),
            "fired_at": [at(minutes) for minutes in fired],
            **more,
        }
    )
    return AlertHistory.open(frame)


def together(history: AlertHistory) -> list[list[str]]:
    """The fingerprints of each incident."""
    groups = history.to_polars().group_by("incident").agg("fingerprint")["fingerprint"].to_list()
    return sorted(sorted(group) for group in groups)


def test_from_firing_to_firing_in_a_group() -> None:
    history = opened(
        *(("x", "db", minutes) for minutes in (0, 10, 20, 30.5)),  # 3 comes half a minute too late
        ("x", "web", 1),
        ("y", "db", 1),
        ("x", None, 2),
        ("x", None, 3),
        ("x", "", 3),
    )
    assert together(history.incidents(POLICY)) == [["0", "1", "2"], ["3"], ["4"], ["5"], ["6", "7"], ["8"]]
    whole = history.incidents(aa.IncidentPolicy(by=(), gap=timedelta(minutes=1)))
    assert together(whole) == [["0", "4", "6", "7", "8"], ["1"], ["2"], ["3"], ["5"]]


def test_labels_and_enriched_columns_make_groups_too() -> None:
    labels = [{"CI": "one"}, {"CI": "two"}, {"CI": "one"}]
    history = opened(("x", "db", 0), ("x", "db", 1), ("x", "web", 2), labels=labels)
    assert together(history.incidents(aa.IncidentPolicy(by="CI"))) == [["0", "2"], ["1"]]
    told = history.enrich([{"service": "db", "site": "s"}, {"service": "web", "site": "s"}], on="service")
    told = told.incidents(aa.IncidentPolicy(by=("site",)))
    assert together(told) == [["0", "1", "2"]]
    report = [{"incident": told.to_polars()["incident"][0], "cause": "cable"}]
    assert told.enrich(report, on="incident").where({"cause": "cable"}).n_alerts == 3


def test_what_does_not_count_joins_no_incident() -> None:
    history = opened(("x", "db", 0), ("x", "db", 8), ("x", "db", 16))
    window = [{"valid_from": at(7), "valid_to": at(9)}]
    for told in (
        history.incidents(POLICY).outside_maintenance(window),
        history.outside_maintenance(window).incidents(POLICY),
    ):
        assert together(told) == [["0"], ["2"]]


def test_the_column_wins_over_the_label_and_conditions_do_not_change_it() -> None:
    labels = [{"incident": "a"}, {"incident": "a"}, {"incident": "b"}]
    history = opened(("x", "db", 0), ("x", "web", 1), ("x", "web", 15), labels=labels)
    assert aa.ResolutionAnalysis.from_alerts(history).table["n_clusters"].to_pylist() == [2]
    told = history.incidents(POLICY)
    resolution = aa.ResolutionAnalysis.from_alerts(told)
    assert resolution.table["n_clusters"].to_pylist() == [3]
    assert "incident" in str(resolution.settings["cluster"])
    names = dict(told.to_polars().select("fingerprint", "incident").iter_rows())
    for narrowed in (told.where({"service": "web"}, since=at(1)), history.where("service = 'web'").incidents(POLICY)):
        assert dict(narrowed.to_polars().select("fingerprint", "incident").iter_rows()) == {
            one: name for one, name in names.items() if one != "0"
        }
    assert told.incident_policy == POLICY
    assert history.incident_policy is None


def test_what_cannot_be() -> None:
    history = opened(("x", "db", 0), incident=["mine"])
    with pytest.raises(HistoryError, match="a column 'incident' already"):
        history.incidents(POLICY)
    with pytest.raises(UnknownColumnError, match="'nothing'"):
        opened(("x", "db", 0)).incidents(aa.IncidentPolicy(by="nothing"))
    for arguments, said in (
        ({"by": 5}, "by=5; expected a column"),
        ({"by": ["a", 1]}, "expected a column"),
        ({"by": ["a", "a"]}, "names a column twice"),
        ({"gap": 300}, "gap=300; expected a length of time"),
        ({"gap": timedelta(0)}, "longer than zero"),
    ):
        with pytest.raises(HistoryError, match=said):
            aa.IncidentPolicy(**arguments)  # type: ignore[arg-type]


ALERTS = st.lists(
    st.tuples(st.sampled_from(["x", "y"]), st.sampled_from(["a", "b", None]), st.integers(0, 60)),
    min_size=1,
    max_size=10,
)


def naive(alerts: list[tuple[str, str | None, int]], gap: int) -> list[list[str]]:
    """The incidents by a loop: each alert in order of time, and the latest firing of its group."""
    latest: dict[Any, tuple[int, list[str]]] = {}
    incidents: list[list[str]] = []
    for number, (tenant, service, minute) in sorted(enumerate(alerts), key=lambda alert: alert[1][2]):
        last, members = latest.get((tenant, service), (-1000, []))
        if minute - last > gap:
            members = []
            incidents.append(members)
        members.append(str(number))
        latest[tenant, service] = (minute, members)
    return sorted(sorted(one) for one in incidents)


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(ALERTS, st.integers(1, 30), st.integers(1, 61))
def test_as_a_loop_makes_them_and_the_future_changes_none(alerts: list[Any], gap: int, moment: int) -> None:
    policy = aa.IncidentPolicy(by="service", gap=timedelta(minutes=gap))
    later = opened(*alerts).incidents(policy)
    assert together(later) == naive(alerts, gap)
    names = dict(later.to_polars().select("fingerprint", "incident").iter_rows())
    then = later.as_of(at(moment)).to_polars()
    assert {one: name for one, name in names.items() if alerts[int(one)][2] < moment} == dict(
        then.select("fingerprint", "incident").iter_rows()
    )
    # Neither do the other tenant's alerts, nor the order of the rows.
    mine = [alert for alert in alerts[::-1] if alert[0] == "x"]
    if mine:
        alone = opened(*mine).incidents(policy).to_polars()["incident"].to_list()
        assert sorted(alone) == sorted(later.tenant("x").to_polars()["incident"].to_list())


@pytest.mark.slow
def test_firing_to_firing_is_what_the_sample_was_made_by() -> None:
    """Pairs put together by the policy beside pairs that were resolved together: what the policy's docstring says."""
    told = aa.datasets.sample().incidents(aa.IncidentPolicy(gap=timedelta(minutes=5)))
    n_together, n_right = told.sql(
        """
        WITH told AS (SELECT incident, labels['incident'] AS truth FROM alerts),
        sizes AS (SELECT count(*) AS n FROM told GROUP BY incident),
        pairs AS (SELECT count(*) AS n FROM told WHERE truth IS NOT NULL GROUP BY incident, truth)
        SELECT (SELECT sum(n * (n - 1)) FROM sizes), (SELECT sum(n * (n - 1)) FROM pairs)
        """
    ).row(0)
    n_true = told.sql(
        "SELECT sum(n * (n - 1)) FROM (SELECT count(*) AS n FROM alerts WHERE labels['incident'] IS NOT NULL"
        " GROUP BY tenant_id, labels['incident'])"
    ).item()
    assert n_right == n_true
    assert round(float(n_right / n_together), 2) == 0.42
