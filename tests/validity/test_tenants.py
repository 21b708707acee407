"""A tenant sees its own alerts and nothing of anybody else's, whatever it asks with.

What is claimed is about the library's interface and its SQL. Code in the same process reads that process' memory; who
must be kept apart from such code needs a process of their own.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest

import alert_analytics as aa
from alert_analytics.errors import AlertAnalyticsError
from alert_analytics.history import history as history_module
from alert_analytics.history import view as view_module
from tests import attacks
from tests.attacks import ME, OWNER, SECRETS, VICTIMS, Prey, attempted, attempts, stolen, told


@pytest.fixture(scope="module")
def prey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prey]:
    """My histories on data that others share: a store in memory, a store's file opened for me, a Parquet file."""
    folder, rows = tmp_path_factory.mktemp("data"), attacks.all_rows()
    rows.write_parquet(folder / "all.parquet")
    rows.write_csv(folder / "all.csv")
    (folder / "evil.sql").write_text("SELECT * FROM store.alerts", encoding="utf-8")
    with aa.AlertStore.open(folder / "all.duckdb") as store:
        store.ingest(rows)
    (folder / "loot").mkdir()
    files = tuple(str(folder / name) for name in ("all.duckdb", "all.parquet", "all.csv", "evil.sql"))
    with aa.AlertStore.open() as store, aa.AlertStore.open(folder / "all.duckdb", tenant=ME) as mine:
        store.ingest(rows)
        everyone = store.history()
        opened = aa.AlertHistory.open(folder / "all.parquet").tenant(ME)
        yield Prey((everyone.tenant(ME), mine.history(), opened), everyone, files, str(folder / "loot"))


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder, so that a file written anywhere near is seen."""
    monkeypatch.chdir(tmp_path)


def leaks(prey: Prey, n: int, seed: int) -> tuple[list[str], Counter[str], list[str]]:
    """What leaked, how many attempts of each way were made, and refusals in words that are not the library's own."""
    found, ways, foreign = [], Counter[str](), []
    for attempt in attempts(n, seed):
        tokens, refusal = attempted(attempt, prey)
        ways[attempt.way] += 1
        if tokens:
            found.append(f"{attempt.way}: {attempt.text} brought {sorted(tokens)[:3]} of {OWNER[min(tokens)]!r}")
        if refusal is not None and not isinstance(refusal, AlertAnalyticsError):
            foreign.append(f"{attempt.way}: {attempt.text}: {type(refusal).__name__}: {refusal}"[:300])
    return found, ways, foreign


def files_under(*folders: str | Path) -> set[str]:
    return {str(path) for folder in folders for path in Path(folder).rglob("*")}


def test_the_detector_finds_every_token_where_there_is_a_right_to_see_it(prey: Prey) -> None:
    everything = "\n".join(told(prey.everyone))
    assert stolen(everything, viewer=ME) == set(OWNER)
    for victim in VICTIMS:
        own = "\n".join(told(prey.everyone.tenant(victim)))
        assert set(SECRETS[victim]) <= set(attacks._TOKEN.findall(own))
        assert stolen(own, viewer=victim) == set()
        assert stolen(own.upper(), viewer=ME) == set(SECRETS[victim])
    error = ValueError("outside")
    error.__context__ = ValueError(SECRETS["globex"].word)
    assert stolen("\n".join(told(error)), viewer=ME) == {SECRETS["globex"].word}


def test_i_see_my_own(prey: Prey) -> None:
    for mine in prey.mine:
        assert mine.n_alerts == 39
        assert mine.to_arrow()["tenant_id"].unique().to_pylist() == [ME]
        assert mine.quarantine()["reason"].to_pylist() == ["unknown severity 'urgent'"]
        assert mine.sql("SELECT count(*) FROM alerts").rows() == [(39,)]


@pytest.mark.parametrize(
    ("n", "seed"), [(700, 1), pytest.param(10_000, 2, marks=pytest.mark.slow)], ids=["some", "ten thousand"]
)
def test_hostile_attempts_bring_nothing(prey: Prey, n: int, seed: int) -> None:
    folders = (Path.cwd(), Path(prey.files[0]).parent)
    before = files_under(*folders)
    found, ways, foreign = leaks(prey, n, seed)
    assert found == []
    assert sum(ways.values()) == n
    assert files_under(*folders) == before
    assert foreign == []
    assert [mine.n_alerts for mine in prey.mine] == [39] * len(prey.mine)


# -- the detector sees what a hole would let out --------------------------------------------------------------------


def _everyone(relation: object, _: object) -> object:
    return relation


def _store_itself(prey: Prey) -> Callable[..., object]:
    return lambda _: prey.everyone._base.connection


@pytest.mark.slow
@pytest.mark.parametrize(
    ("hole", "ways"),
    [
        ("rows", {"sql", "where mapping", "where condition", "tenant name on everyone's", "ask"}),
        ("quarantine", {"tenant name on everyone's", "where mapping"}),
        ("database", {"sql"}),
        ("relation", {"ask"}),
        ("queries", {"ask"}),
    ],
)
def test_a_hole_is_found(prey: Prey, monkeypatch: pytest.MonkeyPatch, hole: str, ways: set[str]) -> None:
    match hole:
        case "rows":
            monkeypatch.setattr(view_module, "tenant_rows", _everyone)
        case "quarantine":
            monkeypatch.setattr(history_module, "tenant_rows", _everyone)
        case "database":
            monkeypatch.setattr(history_module, "sandbox", _store_itself(prey))
        case "relation":
            monkeypatch.setattr("alert_analytics.engine.OpenAnswer.closed", lambda answer: answer)
        case "queries":
            monkeypatch.setattr("alert_analytics.engine.query._QUERY_NAME", re.compile(".*"))
    fresh = Prey(tuple(aa.AlertHistory(h._base, h._scope) for h in prey.mine), prey.everyone, prey.files, prey.loot)
    found = {line.partition(":")[0] for line in leaks(fresh, 600, 3)[0]}
    assert ways <= found


# -- what comes in --------------------------------------------------------------------------------------------------


def _of_others(store: aa.AlertStore) -> dict[str, list[object]]:
    """All that anybody else can see, the numbering aside."""
    whole = store.history()
    return {
        victim: [
            (one := whole.tenant(victim)).to_polars().rows(),
            one.quarantine().to_pylist(),
            one.watermark,
            one.span,
            repr(one.describe()),
        ]
        for victim in VICTIMS
    }


@pytest.mark.slow
def test_what_one_tenant_ingests_touches_no_other(tmp_path: Path) -> None:
    path = tmp_path / "store.duckdb"
    with aa.AlertStore.open(path) as store:
        store.ingest(attacks.all_rows())
        before = _of_others(store)
    dice = random.Random(4)
    with aa.AlertStore.open(path, tenant=ME) as store:
        for i in range(80):
            rows = attacks.hostile_rows(dice)
            word = dice.choice(attacks._NAMES)
            source = None
            if i % 3 == 0:
                columns = {name: name for name in rows.columns} | {"team": dice.choice((word, "rule"))}
                source = aa.sources.Tabular(columns=columns, timezone=dice.choice(("UTC", word)), name=word)
            try:
                report = store.ingest(
                    rows, source=source, complete_until=dice.choice((None, "2030-01-01", "2026-11-01"))
                )
                said = [repr(report), report.sentence]
            except AlertAnalyticsError as error:
                said = list(told(error))
            assert stolen("\n".join(said), viewer=ME) == set(), rows.rows()
        mine = store.history()
        assert stolen("\n".join(told(mine)), viewer=ME) == set()
        assert set(mine.to_arrow()["tenant_id"].to_pylist()) == {ME}
        for name in (path, f"{path}.wal", prey_of(tmp_path)):
            for source in (None, "servicenow", aa.sources.Tabular(columns={"fired_at": "fired_at"})):
                with pytest.raises(AlertAnalyticsError) as caught:
                    store.ingest(name, source=source)
                assert stolen("\n".join(told(caught.value)), viewer=ME) == set()
    with aa.AlertStore.open(path) as store:
        assert _of_others(store) == before


def prey_of(folder: Path) -> str:
    """A glob of every database in a folder."""
    return str(folder / "*.duckdb")


def test_a_cached_database_of_mine_follows_the_store(tmp_path: Path) -> None:
    with aa.AlertStore.open(tmp_path / "store.duckdb") as store:
        store.ingest(attacks.all_rows())
        mine = store.history().tenant(ME)
        count = "SELECT count(*) AS n FROM alerts"
        assert mine.sql(count).item() == 39
        store.ingest(pl.DataFrame(attacks.rows_of_victim("globex")).with_columns(alert_id=pl.lit("another")))
        assert mine.sql(count).item() == 39
        one = pl.DataFrame(attacks.rows_of_mine()[1:2]).with_columns(fingerprint=pl.lit("one more"))
        store.ingest(one)
        assert mine.sql(count).item() == 40
        assert stolen("\n".join(told(mine.sql("FROM alerts"))), viewer=ME) == set()
