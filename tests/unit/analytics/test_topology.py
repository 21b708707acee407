from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import alert_analytics as aa
from alert_analytics.analytics.correlation_counts import Firings, compared_pairs
from alert_analytics.analytics.correlation_topology import (
    compared_neighbours,
    linked_scopes,
    neighbourhoods,
    read_topology,
)
from alert_analytics.errors import HistoryError, SourceError
from alert_analytics.history import AlertHistory

START = datetime(2026, 3, 2)
LINKS = [("web", "db"), ("db", "disk")]


def history(tenant: tuple[str, str, str] = ("acme", "acme", "acme"), days: int = 40) -> AlertHistory:
    """Twice a day the database on ``db`` fails, and half a minute later the shop on ``web``; ``disk`` is by itself."""
    rng = np.random.default_rng(3)
    rows = []
    for half_day in range(2 * days):
        at = START + timedelta(hours=12 * half_day + float(rng.uniform(0, 11)))
        rows += [(tenant[0], "db", "DbDown", at), (tenant[1], "web", "ShopSlow", at + timedelta(seconds=30))]
        rows.append((tenant[2], "disk", "Backup", START + timedelta(hours=12 * half_day + float(rng.uniform(0, 11)))))
    names = ("tenant_id", "service", "rule", "fired_at")
    return AlertHistory.open(pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))))


def asked(topology: Any, **more: Any) -> aa.CorrelationAnalysis:
    return aa.CorrelationAnalysis.from_alerts(history(**more), within="service", topology=topology)


@pytest.fixture(scope="module")
def linked() -> aa.CorrelationAnalysis:
    return asked(LINKS)


def test_a_follower_counts_in_a_linked_scope(linked: aa.CorrelationAnalysis) -> None:
    assert len(asked(None)) == 0
    (edge,) = linked.graph().to_pylist()
    assert (edge["leader"], edge["follower"], edge["directed"]) == ("DbDown", "ShopSlow", True)
    assert edge["n_caused"] == pytest.approx(80, abs=0.5)
    assert edge["strength"] == pytest.approx(2, abs=0.02)
    row = linked.table.to_pylist()[0]
    assert (row["n_together"], row["n_bursts"], row["n_bursts_together"], row["median_lag_s"]) == (80, 80, 80, 30)


def test_it_is_said_in_settings_and_sentence(linked: aa.CorrelationAnalysis) -> None:
    assert (linked.settings["n_links"], linked.settings["n_links_used"]) == (2, 2)
    assert "n_links" not in asked(None).settings
    assert linked.sentence.startswith(
        "DbDown leads ShopSlow: 100% of its bursts are followed within 5 min in the same service or a linked one, "
    )


def test_lags_and_symmetric_measures_know_the_links(linked: aa.CorrelationAnalysis) -> None:
    lags = {row["to_s"]: row["n_bursts"] for row in linked.lags(0).table.to_pylist() if row["n_bursts"]}
    assert list(lags.values()) == [80]
    assert 30 <= next(iter(lags)) < 40
    assert {(row["left"], row["right"]) for row in linked.symmetric().to_pylist()} >= {("DbDown", "ShopSlow")}
    assert asked(None).symmetric().num_rows == 0


def test_scopes_that_are_not_linked_do_not_meet() -> None:
    assert asked([("db", "disk")]).graph().num_rows == 0
    assert asked([("web", "disk")]).graph().num_rows == 0
    # A link holds inside a tenant: here the database and the shop belong to two.
    assert asked(LINKS, tenant=("acme", "globex", "acme")).graph().num_rows == 0


def forms(folder: Path) -> list[Any]:
    table = pa.table({"from": ["db", "db", "db"], "to": ["web", "db", "disk"], "weight": [1.0, 2.0, 3.0]})
    pq.write_table(table, folder / "links.parquet")
    (folder / "links.csv").write_text("a,b\nweb,db\ndisk,db\n", encoding="utf-8")
    return [
        *(table, table.to_pandas(), pl.DataFrame(table), folder / "links.parquet", str(folder / "links.csv")),
        *(LINKS, (pair for pair in LINKS), {("db", "web"), ("db", "disk")}),
        [{"a": "db", "b": "web"}, {"a": "db", "b": "disk"}],
    ]


def test_every_form_of_a_topology_says_the_same(tmp_path: Path, linked: aa.CorrelationAnalysis) -> None:
    for form in forms(tmp_path):
        assert read_topology(form, ("tenant_id", "service")) == linked.topology
    assert linked.topology.to_pylist() == [{"a": "db", "b": "disk"}, {"a": "db", "b": "web"}]
    assert asked(forms(tmp_path)[0]).table == linked.table


def test_numbers_name_scopes_as_they_are_written() -> None:
    rows = history().to_arrow().select(["rule", "service", "fired_at"])
    codes = {"db": "1", "web": "2", "disk": "3"}
    numbered = rows.set_column(1, "service", pa.array([codes[name] for name in rows["service"].to_pylist()]))
    pairs = aa.CorrelationAnalysis.from_alerts(numbered, within="service", topology=pd.DataFrame({"a": [1], "b": [2]}))
    assert pairs.graph().num_rows == 1


@pytest.mark.parametrize(
    ("topology", "within", "said"),
    [
        (LINKS, None, r"values of one column, but within=\[\]"),
        (LINKS, ["service", "rule"], r"within=\['service', 'rule'\]"),
        (LINKS, "tenant_id", "pairs never cross tenants"),
        ([("db", "web", "disk")], "service", "is no pair of linked scopes"),
        (["db"], "service", "'db' is no pair"),
        ([("db", None)], "service", "1 of 2 ends is missing"),
        (pa.table({"a": ["db"]}), "service", "expected the two ends of a link"),
        ([("host-1", "host-2")], "service", r"none of 1 links joins two of the 3 scopes .*'host-1'.*'db'"),
        (3, "service", "A int is no table"),
    ],
)
def test_what_is_no_topology_is_refused(topology: Any, within: Any, said: str) -> None:
    with pytest.raises(HistoryError, match=said):
        aa.CorrelationAnalysis.from_alerts(history(days=2), within=within, topology=topology)


def test_a_path_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="nowhere"):
        asked(tmp_path / "nowhere.parquet")


def test_no_link_and_no_alert_are_answers() -> None:
    nothing = asked([])
    assert nothing.settings["n_links"] == 0
    assert nothing.table == asked(None).table
    empty = aa.CorrelationAnalysis.from_alerts(
        history(days=2).where({"rule": ["nothing"]}), within="service", topology=LINKS
    )
    assert empty.sentence == "There is no alert with a rule in this history, so nothing fires together."
    assert empty.symmetric().num_rows == len(empty) == 0


def test_neighbourhoods_repeat_each_firing_next_door() -> None:
    links = linked_scopes(pa.table({"a": ["x"], "b": ["y"]}), [("t", "x"), ("t", "y"), ("u", "x")], 3)
    assert (links.first.tolist(), links.scope.tolist()) == ([0, 1, 2, 2], [1, 0])
    firings = Firings(np.array([0, 1, 1, 2], np.int32), np.array([0, 1, 0, 1], np.int32), np.array([5, 1, 9, 2]), 2, 10)
    heard = neighbourhoods(firings, links)
    rows = list(zip(heard.scope.tolist(), heard.time_us.tolist(), heard.item.tolist(), strict=True))
    assert rows == [(0, 1, 1), (0, 5, 0), (0, 9, 0), (1, 1, 1), (1, 5, 0), (1, 9, 0), (2, 2, 1)]


def test_with_every_scope_linked_pairs_are_those_of_one_scope_for_each_leader() -> None:
    # Where everything is heard everywhere, a leader burst in any scope meets what it would in a single scope, if the
    # leader fires in one alone.
    rng = np.random.default_rng(8)
    item = rng.integers(0, 6, 1500).astype(np.int32)
    time_us = np.sort(rng.integers(0, 10_000, item.size))
    one = compared_pairs(Firings(np.zeros(item.size, np.int32), item, time_us, 6, 10), (0, 10_000))
    order = np.lexsort((time_us, item))
    apart = Firings(item[order], item[order], time_us[order], 6, 10)  # each item in a scope of its own
    ends = [(a, b) for a in range(6) for b in range(a + 1, 6)]
    topology = pa.table({"a": [str(a) for a, _ in ends], "b": [str(b) for _, b in ends]})
    linked = compared_neighbours(apart, (0, 10_000), linked_scopes(topology, [("t", str(i)) for i in range(6)], 6))
    assert linked.leader.tolist() == one.leader.tolist()
    assert linked.follower.tolist() == one.follower.tolist()
    assert linked.n_together.tolist() == one.n_together.tolist()
    np.testing.assert_array_equal(linked.sums.sum_d, one.sums.sum_d)
    np.testing.assert_array_equal(linked.q_value, one.q_value)
