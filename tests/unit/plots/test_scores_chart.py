"""The picture of scored windows: what is drawn of many, and that anything can be."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from datetime import datetime, timedelta
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import alert_analytics as aa
from alert_analytics.calibration import ScoredWindows
from alert_analytics.errors import MissingDependencyError
from alert_analytics.scoring import Manifest, Scores
from alert_analytics.windows import Feature, Windows

pytest.importorskip("altair")
vl_convert = pytest.importorskip("vl_convert")

CUT = np.float32(0.85)
START = np.datetime64("2025-01-06T00:00:00", "us")
HOUR = np.timedelta64(3_600_000_000, "us")
HOSTILE = ['<script>alert("x")</script>', "a.b[0]", 'it\'s \\ "quoted"', "datum.x ? 1 : 2", "line\nbreak", "Überlast ☠"]


@pytest.fixture(scope="module")
def manifest() -> Manifest:
    rng = np.random.default_rng(0)
    model = aa.PCADetector().fit(rng.normal(size=(60, 2))).calibrate(rng.normal(size=(60, 2)), false_alarm_rate=0.1)
    return model.manifest


def scored(
    manifest: Manifest, series: dict[str, Sequence[float]], *, steps: bool = False, shuffled: bool = False
) -> ScoredWindows:
    """Windows of an hour, or of a step, with the scores given."""
    entity = np.array([name for name, values in series.items() for _ in values], dtype=object)
    place = np.array([i for values in series.values() for i in range(len(values))], dtype=np.int64)
    score = np.array([one for values in series.values() for one in values], dtype=np.float32)
    order = np.random.default_rng(1).permutation(len(score)) if shuffled else np.arange(len(score))
    windows = Windows(
        features=np.zeros((len(score), 2), dtype=np.float32),
        schema=(Feature("f0", "1", "as given"), Feature("f1", "1", "as given")),
        entity=entity[order],
        window_end=(place if steps else START + (place + 1) * HOUR)[order],
        width=1 if steps else HOUR,
    )
    score = score[order]
    return ScoredWindows.of(Scores(score.astype(np.float64), score, 1 - score, score >= CUT), windows, manifest)


def values(scores: ScoredWindows) -> list[dict[str, Any]]:
    """The rows drawn, after the specification has been checked against Vega-Lite's schema."""
    spec = scores.plot().to_dict(validate=True)
    data: list[dict[str, Any]] = spec["datasets"][spec["data"]["name"]]
    return data


def drawn(scores: ScoredWindows) -> None:
    png = vl_convert.vegalite_to_png(scores.plot().to_json())
    assert png.startswith(b"\x89PNG")
    assert len(png) > 1_000


def test_every_window_of_a_short_series_is_a_point(manifest: Manifest) -> None:
    scores = scored(manifest, {"db": [0.1, 0.9, 0.2]})
    assert values(scores) == [
        {"entity": "db", "window_end": "2025-01-06T01:00:00Z", "score": pytest.approx(0.1), "is_anomaly": False},
        {"entity": "db", "window_end": "2025-01-06T02:00:00Z", "score": pytest.approx(0.9), "is_anomaly": True},
        {"entity": "db", "window_end": "2025-01-06T03:00:00Z", "score": pytest.approx(0.2), "is_anomaly": False},
    ]
    drawn(scores)


def test_the_line_the_cut_and_the_marks(manifest: Manifest) -> None:
    spec = scored(manifest, {"db": [0.1, 0.9]}).plot().to_dict()
    line, rule, marks = spec["spec"]["layer"]
    assert [one["mark"]["type"] for one in (line, rule, marks)] == ["line", "rule", "point"]
    assert rule["encoding"]["y"] == {"datum": 0.85}
    assert marks["transform"] == [{"filter": "datum.is_anomaly"}]
    assert line["encoding"]["y"]["scale"] == {"domain": [0, 1]}
    assert line["encoding"]["x"]["title"] == "time (UTC)"
    assert line["encoding"]["x"]["scale"] == {"type": "utc"}
    assert line["encoding"]["x"]["type"] == "temporal"


def test_the_sentence_is_the_title_wrapped(manifest: Manifest) -> None:
    scores = scored(manifest, {"db": [0.1, 0.9]})
    title = scores.plot().to_dict()["title"]
    assert " ".join(title["text"]) == scores.sentence
    assert max(map(len, title["text"])) <= 95
    assert title["subtitle"] == "line: highest score nearby; marks: 0.85 and more"


def test_the_six_entities_with_the_most_anomalous_windows_come_first(manifest: Manifest) -> None:
    series = {f"s{i}": [0.9] * i + [0.1] * (9 - i) for i in range(9)}
    scores = scored(manifest, series, shuffled=True)
    assert {row["entity"] for row in values(scores)} == {f"s{i}" for i in range(3, 9)}
    assert scores.plot().to_dict()["facet"]["row"]["sort"] == ["s8", "s7", "s6", "s5", "s4", "s3"]


def test_entities_with_as_many_are_in_order_of_their_names(manifest: Manifest) -> None:
    scores = scored(manifest, {name: [0.1, 0.9] for name in ("web", "db", "api")})
    assert scores.plot().to_dict()["facet"]["row"]["sort"] == ["api", "db", "web"]


def test_of_a_long_series_every_anomalous_window_and_the_highest_of_each_stretch_are_drawn(manifest: Manifest) -> None:
    rng = np.random.default_rng(2)
    score = rng.uniform(0, 0.84, 10_000).astype(np.float32)
    score[rng.choice(np.arange(25, 10_000), 700, replace=False)] = 0.95
    score[:25] = np.linspace(0.1, 0.5, 25)
    scores = scored(manifest, {"db": score.tolist()}, shuffled=True)
    rows = values(scores)
    assert sum(row["is_anomaly"] for row in rows) == 700
    assert sum(not row["is_anomaly"] for row in rows) <= 400
    stretches = np.arange(0, 10_000, 25)
    at = {row["window_end"]: row["score"] for row in rows}
    for first in stretches:
        highest = first + int(np.argmax(score[first : first + 25]))
        end = (START + (highest + 1) * HOUR).item()
        assert at[f"{end.isoformat()}Z"] == score[highest]
    assert [row["window_end"] for row in rows] == sorted(row["window_end"] for row in rows)


@pytest.mark.parametrize(("n", "most"), [(399, 399), (400, 400), (401, 201), (801, 267)])
def test_a_series_of_a_few_hundred_is_thinned_only_beyond_four_hundred(n: int, most: int, manifest: Manifest) -> None:
    assert len(values(scored(manifest, {"db": [0.1] * n}))) == most


def test_each_entity_is_thinned_by_itself(manifest: Manifest) -> None:
    rows = values(scored(manifest, {"long": [0.1] * 4_000, "short": [0.2] * 40}))
    assert [sum(row["entity"] == name for row in rows) for name in ("long", "short")] == [400, 40]


def test_steps_are_numbers_and_no_times(manifest: Manifest) -> None:
    scores = scored(manifest, {"db": [0.1, 0.9, 0.2]}, steps=True)
    assert [row["window_end"] for row in values(scores)] == [0, 1, 2]
    x = scores.plot().to_dict()["spec"]["layer"][0]["encoding"]["x"]
    assert (x["type"], x["title"]) == ("quantitative", "step")
    assert "scale" not in x
    drawn(scores)


def test_a_window_that_ends_within_a_second_is_placed_there(manifest: Manifest) -> None:
    scores = scored(manifest, {"db": [0.1]})
    ends = scores.windows.window_end + np.timedelta64(250, "us")
    moved = Windows(scores.windows.features, scores.windows.schema, scores.windows.entity, ends, HOUR)
    one = ScoredWindows.of(Scores(np.zeros(1), *[np.zeros(1, np.float32)] * 2, np.zeros(1, bool)), moved, manifest)
    assert values(one)[0]["window_end"] == "2025-01-06T01:00:00.000250Z"


def test_names_are_drawn_as_they_are_and_nothing_else(manifest: Manifest) -> None:
    scores = scored(manifest, {name: [0.1, 0.9] for name in HOSTILE})
    assert {row["entity"] for row in values(scores)} == set(HOSTILE)
    assert scores.plot().to_dict()["facet"]["row"]["sort"] == sorted(HOSTILE)
    drawn(scores)


def test_a_window_without_a_score_is_not_drawn(manifest: Manifest) -> None:
    nan = float("nan")
    scores = scored(manifest, {"db": [0.1, nan, 0.3], "web": [nan, nan, nan]})
    assert [row["window_end"] for row in values(scores)] == ["2025-01-06T01:00:00Z", "2025-01-06T03:00:00Z"]
    drawn(scores)
    assert values(scored(manifest, {"db": [nan]})) == []


def test_no_scores_have_an_empty_picture(manifest: Manifest) -> None:
    for empty in (scored(manifest, {}), scored(manifest, {}, steps=True)):
        assert values(empty) == []
        drawn(empty)


def test_labels_do_not_stand_in_the_way(manifest: Manifest) -> None:
    scores = scored(manifest, {"db": [0.1, 0.9]})
    windows = scores.windows
    labelled = Windows(
        windows.features, windows.schema, windows.entity, windows.window_end, HOUR, np.array([0, 1], np.int8)
    )
    again = ScoredWindows.of(
        Scores(np.array([0.1, 0.9]), *[np.array([0.1, 0.9], np.float32)] * 2, np.array([False, True])),
        labelled,
        manifest,
    )
    assert values(again) == values(scores)


def test_real_scores_are_drawn_and_saved(tmp_path: Path) -> None:
    windows = aa.alert_windows(aa.datasets.sample().tenant("acme"), timedelta(hours=1), "service")
    learn, calibrate, test = windows.split_by_time(0.6, 0.2, 0.2)
    scores = aa.IsolationForestDetector(n_trees=10).fit(learn).calibrate(calibrate, false_alarm_rate=0.05).score(test)
    rows = values(scores)
    assert sum(row["is_anomaly"] for row in rows) == scores.n_anomalous > 0
    assert len({row["entity"] for row in rows}) == 6
    ends = [datetime.fromisoformat(row["window_end"]) for row in rows]
    assert (min(ends).utcoffset(), max(ends).isoformat()) == (timedelta(0), "2025-12-22T00:00:00+00:00")
    for name, start in (("scores.png", b"\x89PNG"), ("scores.svg", b"<svg")):
        scores.plot().save(str(tmp_path / name))
        assert (tmp_path / name).read_bytes().startswith(start)


def test_without_altair_the_error_says_how_to_get_it(manifest: Manifest, monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec

    def hidden(name: str, package: str | None = None) -> ModuleSpec | None:
        return None if name == "altair" else found(name, package)

    monkeypatch.setattr("alert_analytics.plots.find_spec", hidden)
    with pytest.raises(MissingDependencyError, match=r"Charts need Altair.*alert-analytics\[viz\]"):
        scored(manifest, {"db": [0.1]}).plot()
