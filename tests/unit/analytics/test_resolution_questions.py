"""Clocks, late entry, ways to end, hazard ratios, targets and looks: numbers by hand, and what is said of nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from alert_analytics.analytics import HazardRatios, ResolutionAnalysis
from alert_analytics.errors import HistoryError, UnknownColumnError

START = datetime(2026, 3, 2)
HOUR = timedelta(hours=1)


def at(seconds: float | None) -> datetime | None:
    return None if seconds is None else START + timedelta(seconds=seconds)


def history(rows: Sequence[dict[str, Any]]) -> pa.Table:
    """Rows with seconds for times; other columns as text."""
    names = list(dict.fromkeys(name for row in rows for name in row)) or ["fired_at"]
    columns = {}
    for name in names:
        values = [row.get(name) for row in rows]
        is_time = name in {"fired_at", "acknowledged_at", "resolved_at"}
        columns[name] = (
            pa.array([at(v) for v in values], pa.timestamp("us")) if is_time else pa.array(values, pa.string())
        )
    return pa.table(columns)


def asked(rows: Sequence[dict[str, Any]], **how: Any) -> ResolutionAnalysis:
    return ResolutionAnalysis.from_alerts(history(rows), **how)


def drawn(n: int = 300, seed: int = 0) -> list[dict[str, Any]]:
    """Incidents of three alerts; critical ones resolve three times as fast; the last are open."""
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(n // 3):
        fired, how = float(rng.uniform(0, 86_400)), rng.choice(["automatic", "manual"])
        severity = "critical" if i % 2 else "low"
        base = float(rng.exponential(9000)) / (3 if severity == "critical" else 1)
        for k in range(3):
            end = fired + k + base * float(rng.uniform(0.8, 1.2))
            done = end < 90_000
            rows.append(
                {
                    "service": f"s{i % 3}", "severity": severity, "incident": f"i{i}", "fired_at": fired + k,
                    "acknowledged_at": fired + k + base * 0.1 if done and k else None,
                    "resolved_at": end if done else None, "resolution": how if done else None, "size": str(i % 7),
                }
            )  # fmt: skip
    return rows


# -- clocks ---------------------------------------------------------------------------------------------------------


def test_acknowledgement_is_followed_until_the_end() -> None:
    rows = [
        {"fired_at": 0, "acknowledged_at": 10, "resolved_at": 100},
        {"fired_at": 0, "resolved_at": 20},
        {"fired_at": 0, "acknowledged_at": 30, "resolved_at": 200},
        {"fired_at": 150},
    ]
    analysis = asked(rows, of="time_to_acknowledge", cluster=None)
    curve = analysis.curve().to_pydict()
    assert curve["time_s"] == [10, 20, 30, 50]
    assert curve["n_censored"] == [0, 1, 0, 1]
    np.testing.assert_allclose(curve["survival"], [0.75, 0.75, 0.375, 0.375])
    assert analysis.sentence.startswith("Half of 4 alerts are acknowledged within 30 s")
    assert "50.0% of 4 alerts are not acknowledged and counted as such" in analysis.sentence


@pytest.mark.parametrize("where", ["column", "labels", "metadata"])
def test_closing_times_are_read_wherever_they_are_told(where: str) -> None:
    closed = ["2026-03-02T00:01:00", "2026-03-02 01:01:30+01:00", None]
    table = history([{"fired_at": 0, "resolved_at": 5}, {"fired_at": 0, "resolved_at": 5}, {"fired_at": 3600}])
    if where == "column":
        table = table.append_column("closed_at", pa.array(closed))
    elif where == "labels":
        kind = pa.map_(pa.string(), pa.string())
        table = table.append_column("labels", pa.array([[("closed_at", one)] if one else [] for one in closed], kind))
    else:
        told = ['{"closed_at": "2026-03-02T00:01:00"}', '{"closed_at": "2026-03-02 01:01:30+01:00"}', "no json"]
        table = table.append_column("metadata", pa.array(told))
    analysis = ResolutionAnalysis.from_alerts(table, of="time_to_close", cluster=None)
    assert [group.duration_s[group.resolved].tolist() for group in analysis.groups] == [[60.0, 90.0]]
    assert analysis.table["n_open"].to_pylist() == [1]


def test_nobody_tells_a_closing_time() -> None:
    with pytest.raises(HistoryError, match="No alert says when it was closed"):
        asked(drawn(30), of="time_to_close")


def test_closing_times_that_make_no_sense_are_left_out_and_said() -> None:
    rows = [{"fired_at": 0, "closed_at": "soon"}, {"fired_at": 60, "closed_at": "2026-03-02T00:00:01"}]
    analysis = asked([*rows, {"fired_at": 0, "closed_at": "2026-03-02T00:00:50"}], of="time_to_close")
    assert analysis.table["n_alerts"].to_pylist() == [1]
    assert (
        "Left out (1 alert: its closed_at is no time; 1 alert: its closed_at precedes fired_at)." in analysis.sentence
    )


@pytest.mark.parametrize("since", [at(50), "seen_from", date(2026, 3, 2)])
def test_who_came_under_observation_late_is_at_risk_from_then(since: Any) -> None:
    rows: list[dict[str, Any]] = [
        {"fired_at": 0, "resolved_at": 40},
        {"fired_at": 0, "resolved_at": 80},
        {"fired_at": 40, "resolved_at": 70},
        {"fired_at": 60, "resolved_at": 100},
    ]
    rows = [{**row, "seen_from": "2026-03-02T00:00:50"} for row in rows]
    analysis = asked(rows, observed_from=since, cluster=None)
    if isinstance(since, date) and not isinstance(since, datetime):
        assert analysis.table["n_alerts"].to_pylist() == [4]
        return
    curve = analysis.curve().to_pydict()
    # The first was over by then; the second enters at 50 s of its age, the third at 10 s.
    assert curve["time_s"] == [30, 40, 80]
    assert curve["n_at_risk"] == [2, 1, 1]
    assert "1 alert: it was over before its observation began" in analysis.sentence
    assert "the curve ends after 40 s: all 1 under observation by then were gone" in analysis.table["note"][0].as_py()


def test_comparing_knows_of_late_entries() -> None:
    rows = drawn(300, seed=4)
    late = asked(rows, by="severity", observed_from=START + 6 * HOUR)
    [pair] = late.compare().to_pylist()
    assert pair["p_value"] < 0.01
    assert any(group.entry_s is not None for group in late.groups)
    with pytest.raises(HistoryError, match="expected one of time_to_acknowledge"):
        asked(rows, of="mttr")
    with pytest.raises(UnknownColumnError):
        asked(rows, observed_from="nowhere")


# -- how they end ---------------------------------------------------------------------------------------------------


def test_ways_to_end_by_hand() -> None:
    rows = [
        {"fired_at": 0, "resolved_at": 60, "resolution": "automatic"},
        {"fired_at": 0, "resolved_at": 120, "resolution": "manual"},
        {"fired_at": 120},
        {"fired_at": 0, "resolved_at": 300},
    ]
    ends = asked(rows, cluster=None, horizon=timedelta(seconds=200)).competing()
    assert {row["resolution"]: (row["n_ended"], row["share"]) for row in ends.table.to_pylist()} == {
        "automatic": (1, 0.25), "manual": (1, 0.25), "unknown": (1, 0.0),
    }  # fmt: skip
    assert ends.table["open_share"].to_pylist() == [0.5] * 3
    assert [ends.alerts(i).n_alerts for i in range(3)] == [1, 1, 1]
    assert ends.sentence.startswith("Within 3.33 min, 25.0% are resolved automatically (")
    assert "50.0% are still open then" in ends.sentence


def test_shares_and_intervals_by_group() -> None:
    ends = asked(drawn(), by="severity", horizon=2 * HOUR).competing()
    for row in ends.table.to_pylist():
        assert row["share_low"] < row["share"] < row["share_high"]
    for severity in ("critical", "low"):
        mine = [row for row in ends.table.to_pylist() if row["severity"] == severity]
        assert sum(row["share"] for row in mine) + mine[0]["open_share"] == pytest.approx(1)
    curve = ends.curve().to_pylist()
    assert {row["resolution"] for row in curve} == {"automatic", "manual"}
    assert all(row["low"] is None or row["low"] <= row["share"] <= row["high"] for row in curve)
    assert "(the first of 2 groups by severity)" in ends.sentence
    with pytest.raises(HistoryError, match="asks by what alerts are resolved"):
        asked(drawn(30), of="time_to_acknowledge").competing()
    with pytest.raises(HistoryError, match="columns of its own"):
        asked(drawn(30), by="resolution").competing()


# -- hazards --------------------------------------------------------------------------------------------------------


def ratios(
    rows: Sequence[dict[str, Any]], covariates: Any, how: dict[str, Any] | None = None, **more: Any
) -> HazardRatios:
    return asked(rows, **(how or {})).cox(covariates, **more)


def test_a_planted_ratio_is_found() -> None:
    found = ratios(drawn(600, seed=3), ["severity", "service"], reference={"severity": "low"})
    rows = {(row["covariate"], row["level"]): row for row in found.table.to_pylist()}
    fast = rows["severity", "critical"]
    assert fast["hazard_ratio_low"] < 3 < fast["hazard_ratio_high"]
    assert rows["severity", "low"]["hazard_ratio"] == 1
    assert rows["severity", "low"]["note"] == "the others are held to it"
    assert found.alerts(0).n_alerts == 300
    assert found.sentence.startswith("Alerts with severity critical are resolved at ")
    assert "of 3 ratios differ from 1 at q < 0.05" in found.sentence
    assert fast["q_value"] >= fast["p_value"]


def test_strata_numbers_and_an_alias() -> None:
    rows = [{**row, "twin": row["severity"], "odd": None} for row in drawn(300)]
    found = ratios(rows, ["severity", "twin"], {"by": "service"}, numbers="size")
    told = {(row["covariate"], row["level"]): row for row in found.table.to_pylist()}
    assert told["size", None]["note"] == "per unit"
    assert told["size", None]["hazard_ratio_low"] < 1.1
    assert [row["note"] for row in told.values() if row["covariate"] == "twin" and row["hazard_ratio"] is None] == [
        "no ratio of its own: it goes with the levels above"
    ]
    assert found.alerts(4).n_alerts == 300
    # The unit does not matter.
    scaled = ratios(
        [{**row, "size": str(int(row["size"]) * 1000)} for row in rows], [], {"by": "service"}, numbers=["size"]
    )
    plain = ratios(rows, [], {"by": "service"}, numbers=["size"])
    assert scaled.table["coefficient"][0].as_py() * 1000 == pytest.approx(plain.table["coefficient"][0].as_py())
    assert plain.sentence.startswith("Per unit of size, alerts are resolved at ")


def test_levels_without_an_end_and_numbers_that_are_none_are_left_out() -> None:
    rows: list[dict[str, Any]] = [{**row, "kind": "usual"} for row in drawn(90)]
    rows += [{"fired_at": 100.0, "severity": "low", "kind": "never", "size": "many", "incident": "x"}] * 3
    found = ratios(rows, ["severity", "kind"])
    [never] = [row for row in found.table.to_pylist() if row["level"] == "never"]
    assert never["hazard_ratio"] is None
    assert never["note"].startswith("none got there")
    late = ratios(drawn(90), ["severity", "resolution"])
    assert "Known only as an alert goes on, so no cause of its time: resolution." in late.sentence
    assert "Left out (3 alerts: a covariate is no number)." in ratios(rows, ["severity"], numbers="size").sentence


def test_very_many_levels_are_pooled() -> None:
    found = ratios(drawn(300), "incident", {"cluster": None})
    assert found.table.num_rows == 30
    assert found.table["level"].to_pylist()[-1] == "(others)"
    assert found.table["p_proportional"].null_count >= 1


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], "there is no alert"),
        ([{"fired_at": 0, "severity": "low"}], "none got there"),
        ([{"fired_at": 0, "resolved_at": 5, "severity": "low"}], "all alerts are alike in what was asked about"),
    ],
)
def test_where_nothing_can_be_said_of_ratios(rows: list[dict[str, Any]], words: str) -> None:
    found = ratios(rows, "severity")
    assert found.sentence.startswith(f"Nothing can be said of what makes alerts resolved faster: {words}")


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"covariates": []}, "needs a covariate"),
        ({"covariates": "severity", "reference": {"severity": "huge"}}, "no such level; there are"),
        ({"covariates": "severity", "reference": {"rule": "x"}}, "which are no covariates"),
        ({"covariates": "service"}, "cannot be a covariate"),
        ({"covariates": "nowhere"}, "No column or label 'nowhere'"),
    ],
)
def test_what_makes_no_sense_of_covariates_is_refused(how: dict[str, Any], message: str) -> None:
    with pytest.raises(HistoryError, match=message):
        asked(drawn(30), by="service").cox(**how)


# -- targets --------------------------------------------------------------------------------------------------------


def test_targets_by_hand() -> None:
    rows: list[dict[str, Any]] = [
        {"fired_at": 0, "resolved_at": 30},
        {"fired_at": 0, "resolved_at": 60},
        {"fired_at": 60, "resolved_at": 130},
        {"fired_at": 110},
    ]
    kept = asked(rows, cluster=None).sla(timedelta(seconds=60))
    [row] = kept.table.to_pylist()
    assert (row["n_alerts"], row["n_kept"], row["n_missed"], row["n_pending"]) == (4, 2, 1, 1)
    # One open for 20 s is gone from the risk set: 1 - (1 - 1/3) (1 - 1/2).
    assert row["attainment"] == pytest.approx(1 - 2 / 3 * 1 / 2)
    assert row["naive_attainment"] == pytest.approx(2 / 3)
    assert kept.alerts(0).n_alerts == 4
    assert "1 of 4 alerts is too young to tell" in kept.sentence
    [quick] = asked(rows, cluster=None).sla(timedelta(seconds=1)).table.to_pylist()
    assert (quick["attainment"], quick["attainment_low"], quick["note"]) == (0, 0, "none was resolved in time")
    assert quick["attainment_high"] == pytest.approx(1 - 0.025 ** (1 / 4))
    [slow] = asked(rows[:3], cluster=None).sla(timedelta(seconds=90)).table.to_pylist()
    assert (slow["attainment"], slow["attainment_high"], slow["note"]) == (1, 1, "all were resolved in time")
    [single] = asked(rows[:1], cluster="rule").sla(HOUR).table.to_pylist()
    assert single["note"] == "no interval: all alerts are of one cluster"


def test_a_target_for_each_severity() -> None:
    targets = {"critical": HOUR, "low": timedelta(minutes=30), "high": HOUR}
    kept = asked(drawn()).sla(targets)
    rows = kept.table.to_pylist()
    assert [row["severity"] for row in rows] == ["low", "critical"]
    assert all(row["attainment_low"] < row["attainment"] < row["attainment_high"] for row in rows)
    assert kept.settings["without_alerts"] == ["high"]
    assert "the furthest behind of 2," in kept.sentence
    both = asked(drawn(), by=["severity", "service"]).sla(targets)
    assert len(both) == 6
    assert asked(drawn(), of="time_to_acknowledge").sla(HOUR).sentence.count("acknowledged within 1 h") == 1
    unknown = asked([{"fired_at": 0}, {"fired_at": 0, "resolved_at": 50}]).sla(timedelta(days=9))
    assert unknown.table["note"][0].as_py().endswith("at most, less than the target")
    assert unknown.sentence.startswith("No group was followed for as long as its target")
    for wrong in ({}, timedelta(0), {"low": timedelta(0)}, 60):
        with pytest.raises(HistoryError, match="expected a"):
            asked(drawn(30)).sla(wrong)  # type: ignore[arg-type]


# -- looks ----------------------------------------------------------------------------------------------------------


def test_bounds_between_looks_by_hand() -> None:
    rows = [
        {"fired_at": 0, "resolved_at": 100, "resolved_after": "2026-03-02T00:00:40"},
        {"fired_at": 0, "resolved_at": 100, "resolved_after": None},
        {"fired_at": 0, "resolved_at": 200, "resolved_after": "2026-03-02T00:01:50"},
        {"fired_at": 0, "resolved_at": 50, "resolved_after": "2026-03-02T00:01:00"},
        {"fired_at": 150, "resolved_after": None},
    ]
    between = asked(rows, cluster=None).between_looks(q=0.25)
    [row] = between.table.to_pylist()
    assert (row["n_alerts"], row["n_resolved"], row["n_between"], row["widest_s"]) == (4, 3, 2, 90)
    assert (row["earliest_s"], row["latest_s"]) == (40, 100)
    assert 40 <= row["npmle_from_s"] <= row["npmle_to_s"] <= 100
    assert "1 alert: it was seen open after its end" in between.sentence
    assert between.alerts(0).n_alerts == 5


def test_looks_so_far_apart_bound_the_truth() -> None:
    rows = drawn()
    exact = asked(rows).quantile(0.5)["quantile_s"][0].as_py()
    polled = [
        {**row, "resolved_at": -(-row["resolved_at"] // 1800) * 1800 if row["resolved_at"] else None} for row in rows
    ]
    between = asked(polled).between_looks(timedelta(minutes=30))
    [row] = between.table.to_pylist()
    assert row["low_s"] < row["earliest_s"] <= exact <= row["latest_s"] < row["high_s"]
    assert row["earliest_s"] <= row["npmle_to_s"]
    assert "whatever happened between looks" in between.sentence
    late = asked(polled, observed_from=START + 3 * HOUR, by="service").between_looks(timedelta(minutes=30))
    assert late.table["note"][0].as_py() == "no npmle: with delayed entry it is not computed"
    assert "(the least certain of 3)" in late.sentence
    with pytest.raises(HistoryError, match="q=50"):
        asked(rows).between_looks(HOUR, q=50)
    with pytest.raises(HistoryError, match="positive"):
        asked(rows).between_looks(timedelta(0))
    with pytest.raises(UnknownColumnError):
        asked(rows).between_looks()


# -- nothing to say -------------------------------------------------------------------------------------------------

NOTHING: dict[str, list[dict[str, Any]]] = {
    "empty": [],
    "one alert": [{"fired_at": 0, "resolved_at": 60, "resolution": "manual", "severity": "low"}],
    "one open alert": [{"fired_at": 0, "severity": "low"}],
    "nothing resolved": [{"fired_at": i, "severity": "low"} for i in range(5)],
    "all at once": [{"fired_at": 0, "resolved_at": 0, "severity": "low"} for _ in range(3)],
}


@pytest.mark.parametrize("name", NOTHING)
@pytest.mark.parametrize("by", [None, "severity"])
@pytest.mark.parametrize("of", ["time_to_resolve", "time_to_acknowledge"])
def test_little_is_answered_with_a_sentence(name: str, by: str | None, of: str) -> None:
    rows = NOTHING[name]
    table = history(rows) if rows else history(NOTHING["one alert"]).slice(0, 0)
    analysis = ResolutionAnalysis.from_alerts(table, by=by, of=of)
    answers = [analysis, analysis.sla(HOUR), analysis.sla({"low": HOUR}), analysis.between_looks(HOUR)]
    answers.append(ResolutionAnalysis.from_alerts(table, of=of, observed_from=START + HOUR))
    if of == "time_to_resolve":
        answers.append(analysis.competing())
        assert analysis.competing().curve().num_rows >= 0
    if by is None:
        answers.append(analysis.cox("severity"))
    for answer in answers:
        assert answer.sentence.endswith((".", ")"))
        assert "nan" not in repr(answer)
        assert not any(value != value for row in answer.table.to_pylist() for value in row.values())
