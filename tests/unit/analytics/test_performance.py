"""How good the alerts are: hand-made alerts with every number worked out, and histories that say little."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import alert_analytics as aa
from alert_analytics import AlertHistory, IncidentPolicy, PerformanceAnalysis, ResolutionAnalysis
from alert_analytics.errors import HistoryError, UnknownColumnError

START = datetime(2025, 3, 3)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
END = START + 10 * DAY
SHARES = ("automatic", "unacknowledged", "short", "refired", "actionable", "acknowledged", "flapping")


def history(rows: list[dict[str, Any]], watermark: datetime | None = END) -> AlertHistory:
    """Alerts with times in minutes from the start; what a row does not say is null."""
    times = {name: pa.timestamp("us") for name in ("fired_at", "acknowledged_at", "resolved_at", "observed_at")}
    kinds = {
        **times,
        "rule": pa.string(),
        "fingerprint": pa.string(),
        "resolution": pa.string(),
        "service": pa.string(),
    }
    kinds |= {"occurrences": pa.int64(), "incident": pa.string()}
    if not any("incident" in row for row in rows):
        del kinds["incident"]

    def cell(row: dict[str, Any], name: str) -> Any:
        value = row.get(name, 1 if name == "occurrences" else None)
        if name == "observed_at":
            return watermark or START
        return START + value * MINUTE if name in times and value is not None else value

    return AlertHistory.open(pa.table({n: pa.array([cell(row, n) for row in rows], k) for n, k in kinds.items()}))


HAND = [
    # by itself after 2 min, fires again after 10 more: short, refired
    {"rule": "a", "fingerprint": "x", "fired_at": 0, "resolved_at": 2, "resolution": "automatic", "incident": "i"},
    # acknowledged, ended by hand after an hour; the next firing is a day later
    {"rule": "a", "fingerprint": "x", "fired_at": 12, "acknowledged_at": 22, "resolved_at": 72, "resolution": "manual",
     "incident": "i", "occurrences": 5},
    # not acknowledged, ended by hand
    {"rule": "a", "fingerprint": "x", "fired_at": 1440, "resolved_at": 1500, "resolution": "manual"},
    # nothing said of how it ended
    {"rule": "a", "fingerprint": "y", "fired_at": 2000, "resolved_at": 2010},
    # open, acknowledged after half an hour
    {"rule": "a", "fingerprint": "y", "fired_at": 9000, "acknowledged_at": 9030},
    # so close to the watermark that neither short nor refired is known of it
    {"rule": "b", "fingerprint": "z", "fired_at": 14_398, "resolved_at": 14_399, "resolution": "automatic"},
]  # fmt: skip


def rows(**given: Any) -> dict[str, dict[str, Any]]:
    return {
        row["rule"]: row for row in PerformanceAnalysis.from_alerts(history(HAND), by="rule", **given).table.to_pylist()
    }


def test_each_number_by_hand() -> None:
    a = rows()["a"]
    assert (a["n_alerts"], a["n_conditions"], a["n_open"]) == (5, 2, 1)
    assert a["alerts_per_day"] == pytest.approx(0.5)
    assert (a["n_occurrences"], a["occurrences_per_alert"]) == (9, 9 / 5)
    assert a["deduplication_ratio"] == pytest.approx(1 - 5 / 9)
    assert a["automatic_share"] == pytest.approx(1 / 3)  # of three that say how
    assert a["unacknowledged_share"] == pytest.approx(3 / 4)
    assert a["short_share"] == pytest.approx(1 / 5)
    assert a["refired_share"] == pytest.approx(1 / 4)
    assert (a["actionable_share"], a["n_unsaid"]) == (pytest.approx(2 / 3), 1)  # of three that say how they ended
    assert a["acknowledged_share"] == pytest.approx(2 / 5)
    # 12 min, 1428 min, 7000 min between firings
    assert a["mtbf_s"] == pytest.approx((12 + 1428 + 7000) / 3 * 60)
    # {i: 2 alerts}, and three alone
    assert (a["n_incidents"], a["alerts_per_incident"]) == (4, 5 / 4)


def test_what_is_not_known_yet_is_left_out() -> None:
    b = rows()["b"]
    assert b["short_share"] is None
    assert b["refired_share"] is None
    assert b["unacknowledged_share"] == 1
    assert "not long enough after an end" in b["note"]
    assert "no time to acknowledge" in b["note"]


def test_what_is_short_and_soon_can_be_said() -> None:
    assert rows(short=2 * MINUTE)["a"]["short_share"] == 0
    assert rows(short=61 * MINUTE)["a"]["short_share"] == pytest.approx(4 / 5)
    assert rows(refire_within=9 * MINUTE)["a"]["refired_share"] == 0
    assert rows(refire_within=10 * MINUTE)["a"]["refired_share"] == pytest.approx(1 / 4)
    assert rows(refire_within=DAY)["a"]["refired_share"] == pytest.approx(2 / 4)


def test_an_end_after_the_watermark_has_not_come() -> None:
    early = history(HAND).as_of(START + 60 * MINUTE)
    [row] = PerformanceAnalysis.from_alerts(early).table.to_pylist()
    assert (row["n_alerts"], row["n_open"]) == (2, 1)
    assert row["acknowledged_share"] == pytest.approx(1 / 2)
    assert row["actionable_share"] == 0  # of the one that ended


def test_another_condition_may_be_named() -> None:
    by_rule = rows(of="rule")["a"]
    assert by_rule["n_conditions"] == 1
    assert by_rule["mtbf_s"] == pytest.approx(9000 / 4 * 60)


def test_mean_times_are_those_of_the_resolution() -> None:
    sample = aa.datasets.sample()
    horizon = timedelta(days=3)
    found = PerformanceAnalysis.from_alerts(sample, by="severity", horizon=horizon)
    told = ResolutionAnalysis.from_alerts(sample, by="severity", horizon=horizon)
    wanted = {row["severity"]: row for row in told.table.to_pylist()}
    for row in found.table.to_pylist():
        other = wanted[row["severity"]]
        assert row["mttr_horizon_s"] == horizon.total_seconds()
        for end in ("", "_low", "_high"):
            assert row[f"mttr{end}_s"] == pytest.approx(other[f"mean{end}_s"], rel=1e-12)
        assert row["n_clusters_effective"] == pytest.approx(other["n_clusters_effective"])


def test_the_planted_flapper_is_found_and_nothing_else_to_speak_of() -> None:
    sample = aa.datasets.sample()
    found = {row["rule"]: row for row in PerformanceAnalysis.from_alerts(sample, by="rule").table.to_pylist()}
    [planted] = aa.datasets.sample_truth()["alerts"]["flapping_rules"]
    assert found[planted]["flapping_share"] > 0.9
    assert max(row["flapping_share"] for rule, row in found.items() if rule != planted) < 0.01
    assert found[planted]["flapping_s"] > 3_600


def test_incidents_told_compress() -> None:
    told = history([{k: v for k, v in row.items() if k != "incident"} for row in HAND])
    plain = PerformanceAnalysis.from_alerts(told).table.to_pylist()[0]
    assert plain["n_incidents"] is None
    assert "no incidents are told" in plain["note"]
    policy = IncidentPolicy(by="rule", gap=timedelta(minutes=30))
    found = PerformanceAnalysis.from_alerts(told.incidents(policy))
    row = found.table.to_pylist()[0]
    assert row["n_incidents"] == aa.IncidentAnalysis.from_alerts(told, policy).table["n_incidents"][0].as_py()
    assert "alerts per incident: " in found.sentence


def test_alerts_a_day_are_per_day_at_risk() -> None:
    windows = [{"start": START + DAY, "end": START + 6 * DAY}]
    calm = history(HAND).outside_maintenance(windows, valid_from="start", valid_to="end")
    found = PerformanceAnalysis.from_alerts(calm).table.to_pylist()[0]
    assert found["alerts_per_day"] == pytest.approx(found["n_alerts"] / 5, rel=0.01)


def test_alerts_a_day_at_risk_have_an_interval() -> None:
    sample = aa.datasets.sample()
    windows = [{"start": "2025-10-01", "end": "2025-10-03"}]
    found = PerformanceAnalysis.from_alerts(
        sample.outside_maintenance(windows, valid_from="start", valid_to="end"), by="severity"
    )
    for row in found.table.to_pylist():
        assert row["alerts_per_day_low"] < row["alerts_per_day"] < row["alerts_per_day_high"]


def test_a_row_leads_to_its_alerts_and_its_numbers_can_be_compared() -> None:
    found = PerformanceAnalysis.from_alerts(aa.datasets.sample(), by=["team", "severity"])
    row = found.table.to_pylist()[3]
    assert found.alerts(3).n_alerts == row["n_alerts"]
    told = {each.name: each for each in found.estimates() if each.key == (row["team"], row["severity"])}
    one = told["automatic_share"]
    assert (one.value, one.low, one.high) == tuple(row[f"automatic_share{end}"] for end in ("", "_low", "_high"))
    assert (one.unit, one.is_ratio) == ("share", False)
    assert 1 <= one.degrees < row["n_alerts"]
    assert told["mttr_s of the first 7 d"].value == row["mttr_s"]
    assert {each.unit for each in told.values() if each.is_ratio} == {"1/d", "s"}
    assert "mtbf_s" not in told


def test_less_noise_afterwards_is_told_as_such() -> None:
    sample = aa.datasets.sample()
    before = PerformanceAnalysis.from_alerts(sample.where(until="2025-10-20"), horizon=timedelta(days=1))
    after = sample.where("rule != 'BgpSessionFlap'", since="2025-10-20")
    with pytest.raises(HistoryError, match="differ in where"):
        aa.compare(before, PerformanceAnalysis.from_alerts(after, horizon=timedelta(days=1)))
    later = PerformanceAnalysis.from_alerts(sample.where(since="2025-10-20"), horizon=timedelta(days=1))
    rows = {row["metric"]: row for row in aa.compare(before, later).table.to_pylist()}
    for name in ("automatic_share", "mttr_s of the first 24 h", "alerts_per_day"):
        column = name.partition(" of ")[0]
        assert rows[name]["before"] == before.table[column][0].as_py()
        assert rows[name]["after"] == later.table[column][0].as_py()
        assert rows[name]["low"] <= rows[name]["change"] <= rows[name]["high"]
    assert rows["alerts_per_day"]["kind"] == "ratio"
    # A longer stretch holds longer gaps: means of them would change without any change.
    assert "mtbf_s" not in rows
    with pytest.raises(HistoryError, match=r"were asked at level=0\.8"):
        aa.compare(*(PerformanceAnalysis.from_alerts(one.history, level=0.8) for one in (before, later)))
    assert rows["automatic_share"]["kind"] == "difference"


def test_every_number_has_a_definition() -> None:
    found = PerformanceAnalysis.from_alerts(aa.datasets.sample(), short=2 * MINUTE)
    defined = {row["metric"]: row for row in found.definitions().to_pylist()}
    ends = ("_low", "_high", "_low_s", "_high_s", "_horizon_s")
    assert set(defined) == {name for name in found.table.column_names if not name.endswith(ends)} - {"note"}
    assert "less than 2 min" in defined["short_share"]["definition"]
    assert "first 7 d" in defined["mttr_s"]["definition"]


def test_a_sentence_names_where_nobody_acts() -> None:
    found = PerformanceAnalysis.from_alerts(aa.datasets.sample(), by="rule")
    assert "BgpSessionFlap has the most alerts that nobody acted on" in found.sentence
    assert "MTTR (mean time to resolve, of the first 7 d)" in found.sentence


@pytest.mark.parametrize("cluster", [None, "auto", "service"])
def test_clusters_as_in_the_resolution(cluster: str | None) -> None:
    found = PerformanceAnalysis.from_alerts(history(HAND), cluster=cluster)
    wanted = ResolutionAnalysis.from_alerts(history(HAND), cluster=cluster)
    assert found.settings["cluster"] == wanted.settings["cluster"]
    row, other = found.table.to_pylist()[0], wanted.table.to_pylist()[0]
    assert row["n_clusters_effective"] == pytest.approx(other["n_clusters_effective"])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"short": 5}, "length of time"),
        ({"refire_within": timedelta(0)}, "length of time"),
        ({"check_every": -MINUTE}, "length of time"),
        ({"horizon": 3}, "length of time"),
        ({"flap_low": 40}, "flap_low"),
        ({"flap_high": 101}, "flap_high"),
        ({"level": 1}, "level"),
        ({"by": "mtta_s"}, "columns of its own"),
    ],
)
def test_what_makes_no_sense_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(HistoryError, match=said):
        PerformanceAnalysis.from_alerts(history(HAND), **given)


@pytest.mark.parametrize("given", [{"by": "nothing"}, {"of": "nothing"}, {"cluster": "nothing"}])
def test_an_unknown_name_is_said(given: dict[str, str]) -> None:
    with pytest.raises(UnknownColumnError, match="nothing"):
        PerformanceAnalysis.from_alerts(history(HAND[:1] + HAND[5:]), **given)


# -- histories that say little ----------------------------------------------------------------------------------------


def test_without_an_alert_there_is_a_sentence() -> None:
    for by in (None, "rule"):
        found = PerformanceAnalysis.from_alerts(history(HAND).where(until="2020-01-01"), by=by)
        assert found.table.num_rows == 0
        assert found.estimates() == []
        assert "no alert" in found.sentence
        assert "mttr_s" in found.definitions()["metric"].to_pylist()


def test_one_open_alert() -> None:
    found = PerformanceAnalysis.from_alerts(history([{"rule": "a", "fired_at": 0}], START))
    [row] = found.table.to_pylist()
    assert row["n_alerts"] == row["n_open"] == 1
    assert [row[f"{name}_share"] for name in SHARES if name != "short"] == [None] * 6
    assert [row["alerts_per_day"], row["mtta_s"], row["mttr_s"], row["mtbf_s"]] == [None] * 4
    for why in ("spans no time", "no alert has ended", "acknowledged: its source", "fires twice"):
        assert why in row["note"]
    assert found.sentence.startswith("1 alert")


def test_one_alert_that_ended() -> None:
    alert = {"rule": "a", "fired_at": 0, "acknowledged_at": 3, "resolved_at": 9, "resolution": "manual"}
    [row] = PerformanceAnalysis.from_alerts(history([alert])).table.to_pylist()
    assert (row["mtta_s"], row["mttr_s"]) == (180, 540)
    assert (row["actionable_share"], row["actionable_share_low"]) == (1, None)
    assert "one cluster" in row["note"]


def test_nothing_resolved() -> None:
    found = PerformanceAnalysis.from_alerts(history([{"rule": "a", "fired_at": t} for t in range(0, 9000, 60)]))
    [row] = found.table.to_pylist()
    assert row["n_open"] == row["n_alerts"] == 150
    assert row["short_share"] == 0
    assert [row["mttr_s"], row["mttr_horizon_s"], row["automatic_share"], row["actionable_share"]] == [None] * 4
    assert "no alert has ended" in row["note"]


def test_nothing_acknowledged_is_not_taken_for_never() -> None:
    alerts = [{"rule": "a", "fired_at": t, "resolved_at": t + 5, "resolution": "automatic"} for t in (0, 500, 9000)]
    [row] = PerformanceAnalysis.from_alerts(history(alerts)).table.to_pylist()
    assert [row["unacknowledged_share"], row["acknowledged_share"], row["actionable_share"]] == [None] * 3
    assert "its source may not say" in row["note"]
    alerts[0]["resolution"] = "manual"
    [row] = PerformanceAnalysis.from_alerts(history(alerts)).table.to_pylist()
    assert row["actionable_share"] == pytest.approx(1 / 3)


def test_a_group_that_nobody_acknowledges_shortens_no_horizon() -> None:
    slow = [{"rule": "a", "fired_at": t, "acknowledged_at": t + 100, "resolved_at": t + 5_000} for t in range(40)]
    quick = [{"rule": "b", "fired_at": t, "resolved_at": t + 1} for t in range(40)]
    found = PerformanceAnalysis.from_alerts(history(slow + quick), by="rule").table.to_pylist()
    assert {row["rule"]: row["mtta_s"] for row in found} == {"a": 6_000, "b": None}


def test_every_alert_with_a_fingerprint_of_its_own_says_nothing_of_firing_again() -> None:
    alerts = [{"rule": "a", "fingerprint": str(t), "fired_at": t, "resolved_at": t + 1} for t in range(0, 900, 10)]
    [row] = PerformanceAnalysis.from_alerts(history(alerts)).table.to_pylist()
    assert [row[name] for name in ("refired_share", "flapping_share", "n_flapping", "flapping_s", "mtbf_s")] == [
        None
    ] * 5
    assert "of= may name what does" in row["note"]
    [row] = PerformanceAnalysis.from_alerts(history(alerts), of="rule").table.to_pylist()
    assert row["flapping_share"] > 0.9


@pytest.mark.slow
def test_very_many_rules_take_time_in_proportion() -> None:
    n = 100_000
    fired = np.datetime64(START, "us") + np.arange(n) * np.timedelta64(1, "s")
    rules = pa.array(np.arange(n)).cast(pa.string())
    table = pa.table({"rule": rules, "fired_at": fired, "resolved_at": fired + np.timedelta64(60, "s")})
    found = PerformanceAnalysis.from_alerts(table, by="rule")
    assert found.table.num_rows == n
    assert found.table["mttr_s"].unique().to_pylist() == [60.0]
