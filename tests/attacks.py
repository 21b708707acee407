"""Hostile attempts of one tenant on others: seeded, combinatorial, and a detector of what they brought.

Every other tenant's rows carry tokens of their own (a word in every text, a number, a year). An attempt has leaked when
a token turns up in what it returned, raised, printed or wrote. What counts as a way in is the library's interface and
its SQL: code in the same process can read that process' memory, and no library can hide data from it.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import pyarrow as pa

import alert_analytics as aa

ME = "acme"
START = datetime(2025, 3, 1)
VICTIMS = (
    "globex", "Acme", "ACME", "acme ", " acme", "\u0430cme", "acme\u200b", "acme\x00", "acme\x00b", "acme'",
    "acme' OR '1'='1", 'acme"; DROP TABLE alerts; --', "acme%", "%", "_cme", "*", ".*", "default", "null", "None",
    "store.alerts", "acmé", "acme\u0301", "acm\u0435", "acme\n", "$tenant", "?", "\\", "a" * 5_000, "acme; SELECT 1",
    "\uff41\uff43\uff4d\uff45", "0", "1",
)  # fmt: skip


class Secret(NamedTuple):
    """What is in a victim's rows and in nobody else's: a word, a number, and the year in which it all happened."""

    word: str
    number: str
    year: str


def secret_of(tenant: str) -> Secret:
    place = VICTIMS.index(tenant)
    digest = hashlib.sha256(tenant.encode()).hexdigest()[:12]
    return Secret(f"mk{digest}", str(735_194_628_000 + place), f"{1900 + place}-")


SECRETS = {tenant: secret_of(tenant) for tenant in VICTIMS}
OWNER = {token: tenant for tenant, secret in SECRETS.items() for token in secret}
_TOKEN = re.compile(r"mk[0-9a-f]{12}|735194628\d{3}|19\d\d-")


def stolen(text: str, *, viewer: str) -> set[str]:
    """The tokens in a text that are not the viewer's own."""
    return {token for token in _TOKEN.findall(text.casefold()) if token in OWNER and OWNER[token] != viewer}


# -- the rows -------------------------------------------------------------------------------------------------------


def rows_of_victim(tenant: str) -> list[dict[str, object]]:
    """Alerts with a token in every column that can hold one; ids that anybody may know; one row is set aside."""
    word, number, year = SECRETS[tenant]
    rows: list[dict[str, object]] = []
    for i in range(3):
        fired = datetime(int(year[:4]), 1, 2 + i, 3, 4, 5)
        rows.append(
            {
                "tenant_id": tenant,
                "alert_id": f"id-{i}",
                "fingerprint": f"fp-{i}",
                "fired_at": fired if i < 2 else None,
                "resolved_at": fired + timedelta(hours=1),
                "occurrences": int(number),
                "value": float(number),
                "severity": ("high", "low", "critical")[i],
                "labels": f'{{"{word}": "{word}", "region": "{word}"}}',
                "metadata": f'{{"{word}": "{word}"}}',
            }
            | {
                name: f"{word} {name}"
                for name in ("rule", "service", "team", "message", "assignee", "origin", "source")
            }
        )
    return rows


def rows_of_mine() -> list[dict[str, object]]:
    """Ordinary alerts under the same ids and the same names of labels, one of them to be set aside."""
    rows: list[dict[str, object]] = []
    for i in range(40):
        fired = START + timedelta(hours=5 * i)
        rows.append(
            {
                "tenant_id": ME,
                "alert_id": f"id-{i}",
                "fingerprint": f"fp-{i}",
                "fired_at": fired,
                "resolved_at": fired + timedelta(minutes=20 + i),
                "occurrences": 1 + i % 3,
                "value": float(i),
                "severity": ("high", "low", "medium")[i % 3] if i else "urgent",
                "labels": f'{{"region": "r{i % 2}", "CI Name": "ci{i % 4}"}}',
                "metadata": "{}",
                "rule": f"rule{i % 4}",
                "service": f"service{i % 3}",
                "team": f"team{i % 2}",
                "message": f"message {i}",
                "assignee": f"person{i % 5}",
                "origin": "here",
                "source": "table",
            }
        )
    return rows


def all_rows() -> pl.DataFrame:
    """Mine between the victims', as they would come in one export."""
    victims = [row for tenant in VICTIMS for row in rows_of_victim(tenant)]
    mine, half = rows_of_mine(), len(victims) // 2
    return pl.DataFrame(victims[:half] + mine + victims[half:], infer_schema_length=None)


# -- the detector ---------------------------------------------------------------------------------------------------


def told(value: object, depth: int = 0) -> Iterator[str]:
    """Everything that a value says to whoever holds it."""
    if isinstance(value, BaseException):
        yield from (str(value), repr(value), repr(getattr(value, "__notes__", "")))
        for more in (value.__cause__, value.__context__):
            if more is not None and depth < 5:
                yield from told(more, depth + 1)
    elif isinstance(value, pl.DataFrame):
        yield from (repr(value.schema), repr(value.rows()))
    elif isinstance(value, pa.Table):
        yield from (str(value.schema), repr(value.schema.metadata), repr(value.to_pylist()))
    elif isinstance(value, aa.AlertHistory):
        yield from (repr(value), repr(value.settings), repr(value.span))
        yield from told(value.to_arrow())
        yield from told(value.quarantine())
    elif hasattr(value, "arrow") and hasattr(value, "sql"):  # the answer of ask()
        yield value.sql
        yield from told(value.arrow())
        yield repr(vars(value).keys())
    elif hasattr(value, "sentence") and hasattr(value, "table"):
        yield from (value.sentence, repr(value), repr(value.settings), value.sql, value._repr_html_())
        yield from told(value.table)
        if value.table.num_rows:
            yield from told(value.alerts(0))
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from told(one, depth)
    else:
        yield repr(value)
        yield str(getattr(value, "sentence", ""))
        yield str(getattr(value, "columns", ""))


# -- the attempts ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Prey:
    """What an attempt may use: histories of mine on shared data, the operator's view to name tenants on, files."""

    mine: tuple[aa.AlertHistory, ...]
    everyone: aa.AlertHistory
    files: tuple[str, ...]  # that hold the victims' rows, the store's own among them
    loot: str  # a folder to write to


@dataclass(frozen=True)
class Attempt:
    """One attempt.

    Attributes
    ----------
    way : str
        The argument attacked.
    text : str
        What was given, for whoever reads of a leak.
    act : callable
        Does it; returns what it got.
    viewer : str
        Whose tokens are no leak.
    """

    way: str
    text: str
    act: Callable[[Prey], object]
    viewer: str = ME


def attempted(attempt: Attempt, prey: Prey) -> tuple[set[str], Exception | None]:
    """Try; the tokens stolen, and how it was refused."""
    refusal = None
    try:
        said = "\n".join(told(attempt.act(prey)))
    except Exception as error:  # noqa: BLE001  what any of them says is looked through
        refusal = error
        said = "\n".join(told(error))
    return stolen(said, viewer=attempt.viewer), refusal


_RELATIONS = (
    "store.alerts", "store.main.alerts", '"store"."alerts"', "store.quarantine", "store.ingests", "store.meta",
    "store.alert_events", "main.alerts", "memory.main.alerts", "temp.main.alerts", "temp.alerts", "main.given",
    "given", "judged", "raw", "memory.main.raw", "staged", "incoming", "handed_over", "unidentified", "identified",
    "frame", "prey", "secret_frame", "information_schema.tables", "information_schema.columns",
    "information_schema.schemata", "information_schema.views", "pg_catalog.pg_class", "pg_catalog.pg_tables",
    "pg_catalog.pg_attribute", "pg_catalog.pg_views", "pg_catalog.pg_stats", "sqlite_master", "sqlite_schema",
    "store.sqlite_master", "duckdb_tables()", "duckdb_columns()", "duckdb_views()", "duckdb_databases()",
    "duckdb_schemas()", "duckdb_settings()", "duckdb_constraints()", "duckdb_indexes()", "duckdb_types()",
    "duckdb_secrets()", "duckdb_variables()", "duckdb_logs()", "duckdb_log_contexts()", "duckdb_temporary_files()",
    "duckdb_memory()", "duckdb_prepared_statements()", "duckdb_external_file_cache()",
    "duckdb_table_sample('alerts')", "duckdb_dependencies()", "duckdb_extensions()", "pragma_database_list",
    "pragma_storage_info('alerts')", "pragma_table_info('store.alerts')", "pragma_show('alerts')",
    "pragma_database_size()", "pragma_metadata_info()", "checkpoint('store')", "force_checkpoint('store')",
    "enable_logging(storage='file', storage_path='{loot}/log')", "enable_profiling(save_location='{loot}/p.txt')",
    "truncate_duckdb_logs()", "test_all_types()", "sql_auto_complete('SELECT * FROM st')",
    "which_secret('s3://a', 's3')", "arrow_scan(0, 0, 0)", "pandas_scan(0)", "python_arrow_scan(0)", "seq_scan()",
    "sniff_csv('{file}')", "glob('{loot}/*')", "glob('/etc/*')", "read_csv('{file}')",
    "read_csv_auto('{file}', all_varchar=true, store_rejects=true)", "read_text('{file}')", "read_blob('{file}')",
    "read_parquet('{file}')", "parquet_metadata('{file}')", "parquet_schema('{file}')",
    "parquet_kv_metadata('{file}')", "parquet_file_metadata('{file}')", "read_json('{file}')",
    "read_json_objects('{file}')", "read_ndjson('{file}')", "read_duckdb('{file}')", "'{file}'", '"{file}"',
    "'file://{file}'", "read_text('/proc/self/environ')", "read_blob('/proc/self/cmdline')",
    "read_text('/etc/passwd')", "'https://example.invalid/a.parquet'", "'s3://bucket/a.parquet'", "reject_errors",
    "reject_scans",
)  # fmt: skip

_QUESTIONS = (
    "SELECT * FROM {t}", "FROM {t}", "TABLE {t}", "SELECT x FROM {t} x",
    "SELECT * FROM alerts UNION ALL BY NAME SELECT * FROM {t}", "WITH x AS (SELECT * FROM {t}) SELECT * FROM x",
    "WITH alerts AS (FROM {t}) FROM alerts", "WITH x AS MATERIALIZED (FROM {t}) SELECT x.* FROM x, alerts",
    "WITH RECURSIVE x AS (SELECT 1 AS n UNION SELECT n + 1 FROM x, {t} WHERE n < 3) FROM x",
    "SELECT (SELECT string_agg(x::VARCHAR, '|') FROM {t} x)",
    "SELECT a.rule, s.* FROM alerts a, LATERAL (SELECT * FROM {t}) s LIMIT 50",
    "SELECT * FROM alerts WHERE EXISTS (FROM {t})",
    "SELECT count(*) FROM alerts WHERE rule IN (SELECT x::VARCHAR FROM {t} x)", "SELECT * FROM query('FROM {q}')",
    "SELECT * FROM query_table('{q}')", "SELECT * FROM query_table(['alerts', '{q}'])", "DESCRIBE {t}",
    "SUMMARIZE {t}", "SHOW {t}", "DESCRIBE SELECT * FROM {t}", "EXPLAIN FROM {t}", "EXPLAIN ANALYZE FROM {t}",
    "FROM json_execute_serialized_sql(json_serialize_sql('FROM {q}'))", "SELECT json_serialize_plan('FROM {q}')",
    "SELECT error((SELECT string_agg(x::VARCHAR, '|') FROM {t} x))",
    "SELECT (SELECT first(x::VARCHAR) FROM {t} x)::INTEGER", "SELECT 1 / (SELECT count(*) - count(*) FROM {t})",
    "SELECT date_trunc((SELECT first(x::VARCHAR) FROM {t} x), now())",
    "SELECT * FROM (PIVOT {t} ON rule USING count(*))", "UNPIVOT {t} ON COLUMNS(*)",
    "FROM {t} SELECT to_json(COLUMNS(*)::VARCHAR)", "SELECT a.* FROM alerts a POSITIONAL JOIN {t}",
    "SELECT * FROM alerts a ASOF JOIN {t} b ON a.fired_at >= b.fired_at", "SELECT histogram(x::VARCHAR) FROM {t} x",
    "FROM (VALUES (1)) v, {t}", "SELECT * FROM {t} USING SAMPLE 10",
)  # fmt: skip

_DEEDS = (
    "PREPARE p AS FROM {t}", "EXECUTE p", "CREATE TABLE more AS FROM {t}", "CREATE TEMP TABLE more AS FROM {t}",
    "CREATE OR REPLACE TEMP VIEW alerts AS FROM {t}", "CREATE MACRO m() AS TABLE FROM {t}",
    "INSERT INTO alerts BY NAME FROM {t}", "COPY (FROM {t}) TO '{loot}/a.csv'", "COPY {t} TO '{loot}/a.parquet'",
    "EXPLAIN ANALYZE COPY (FROM {t}) TO '{loot}/b.csv'",
    "EXPLAIN (ANALYZE, FORMAT json) COPY (FROM {t}) TO '{loot}/c.csv'",
    "explain/**/analyze--\ncopy alerts to '{loot}/d.csv'", "COPY alerts FROM '{file}'",
    "COPY FROM DATABASE store TO memory", "EXPORT DATABASE '{loot}/e'", "IMPORT DATABASE '{loot}/e'",
    "ATTACH '{file}' AS s2 (READ_ONLY)", "ATTACH IF NOT EXISTS '{file}' AS store", "ATTACH '{loot}/new.duckdb' AS n",
    "DETACH store", "USE store", "INSTALL httpfs", "LOAD httpfs", "LOAD '{file}'",
    "SET enable_external_access = true", "SET lock_configuration = false", "SET threads = 1",
    "RESET enable_external_access", "SET python_enable_replacements = true", "SET VARIABLE a = (FROM {t})",
    "PRAGMA database_list", "PRAGMA enable_profiling", "PRAGMA profiling_output = '{loot}/p'", "PRAGMA show_tables",
    "PRAGMA table_info('store.alerts')", "PRAGMA json_execute_serialized_sql(json_serialize_sql('FROM {q}'))",
    "PRAGMA import_database('{loot}')", "CALL pragma_table_info('store.alerts')", "CALL enable_logging()",
    "CALL force_checkpoint()", "CHECKPOINT store", "FORCE CHECKPOINT", "VACUUM ANALYZE", "BEGIN", "COMMIT",
    "ROLLBACK", "UPDATE alerts SET tenant_id = 'globex'", "DELETE FROM store.alerts", "TRUNCATE store.alerts",
    "DROP TABLE store.alerts", "ALTER TABLE alerts ADD COLUMN x INT",
    "MERGE INTO alerts USING {t} x ON false WHEN NOT MATCHED THEN INSERT BY NAME", "COMMENT ON TABLE alerts IS 'x'",
    "CREATE SECRET s (TYPE s3, KEY_ID 'a')", "CREATE TYPE t AS ENUM (SELECT x::VARCHAR FROM {t} x)", "ANALYZE {t}",
    "WITH x AS (INSERT INTO alerts BY NAME FROM {t} RETURNING *) FROM x", "PIVOT {t} ON rule USING count(*)",
    "SELECT 1; FROM {t}", "COMMIT; FROM {t}", "ROLLBACK; COPY alerts TO '{loot}/f.csv'; SELECT 1", "; FROM {t};", "",
    "SELECT getenv('HOME')", "SELECT current_setting('temp_directory'), current_setting('secret_directory')",
    "SELECT getvariable('a')", "SELECT current_query(), current_database(), current_schemas(true)",
    "SELECT write_log('x')", "SELECT nextval('s')", "SELECT $1", "SELECT ?::INTEGER FROM alerts", "SELECT $a",
    "SELECT service::INTEGER FROM alerts", "SELECT error(message) FROM alerts",
    "SELECT 1 // (value - value) FROM alerts", "SELECT enum_range(NULL::alerts)", "SELECT stats(message) FROM alerts",
    "SELECT * FROM read_csv((SELECT first('{file}')))", "SELECT add_parquet_key('a', 'b')",
    "SELECT get_block_size('store')",
)  # fmt: skip

_DISGUISES: tuple[Callable[[str], str], ...] = (
    lambda text: text,
    lambda text: f"/* harmless */ {text}",
    lambda text: f"-- harmless\n{text}",
    lambda text: f"{text} ;",
    lambda text: f"{text} -- alerts",
    lambda text: text.replace(" ", "\n\t"),
    lambda text: text.replace(" ", "/**/"),
    lambda text: f"SELECT * FROM ({text}) AS alerts",
    lambda text: f"WITH x AS ({text}) FROM x",
    lambda text: f"EXPLAIN ANALYZE {text}",
    lambda text: f"\ufeff{text}",
    lambda text: f"{text}\x00",
    lambda text: f"SELECT 'x\x00'; {text}",
    lambda text: text.swapcase() if "'" not in text else text,
)
_PARAMS: tuple[Any, ...] = (None, ["globex"], {"a": "' OR 1=1"}, [["a"]], {"1": None})


def _sql(dice: random.Random) -> Attempt:
    shape = dice.choice(dice.choice((_QUESTIONS, _QUESTIONS, _DEEDS)))
    relation, disguise, params, place = (
        dice.choice(_RELATIONS),
        dice.choice((_DISGUISES[0], dice.choice(_DISGUISES))),
        dice.choice(_PARAMS),
        dice.random(),
    )
    text = disguise(shape.replace("{t}", relation).replace("{q}", relation.replace("'", "''")))

    def act(prey: Prey) -> object:
        history = prey.mine[int(place * len(prey.mine))]
        filled = text.replace("{file}", prey.files[int(place * 97) % len(prey.files)]).replace("{loot}", prey.loot)
        return history.sql(filled, params)

    return Attempt("sql", text, act)


_TWISTS: tuple[Callable[[str], Any], ...] = (
    str, str.upper, str.title, lambda name: f"{name} ", lambda name: f" {name}", lambda name: f"{name}\x00",
    lambda name: f"{name}'", lambda name: f"{name}' OR '1'='1", lambda name: f"{name}' OR tenant_id <> '",
    lambda name: f'{name}" OR 1=1 --', lambda name: f"{name}') OR (1=1",
    lambda name: f"{name}'; DROP TABLE alerts; --", lambda name: f"{name}%", lambda name: name[:-1],
    lambda name: name[::-1], lambda name: name * 3, lambda name: f"{name}\u0301", lambda name: f"{name}\u202e",
    lambda name: f"\ufeff{name}", lambda name: name.replace("a", "\u0430"), lambda name: name.replace("e", "\u212f"),
    lambda name: name.replace("m", "\u2133"), lambda name: f"{name}\ud800", lambda name: name.encode(),
    lambda name: [name], lambda name: (name, "globex"), lambda name: {name: 1}, lambda name: f"''{name}",
    lambda name: f"E'{name}'", lambda name: f"$${name}$$", lambda name: f"{name}\\' OR 1=1",
    lambda name: f"{name}\r\n", lambda name: name + "x" * 9_000, lambda name: f"CAST({name} AS INT)", lambda _: 0,
    lambda _: 1.5, lambda _: True, lambda _: None, lambda _: START, lambda _: "", lambda _: Path("acme"),
    lambda _: float("nan"), lambda _: 2**70, lambda _: object,
)  # fmt: skip

_QUICK: tuple[Callable[[aa.AlertHistory], object], ...] = (
    lambda history: history.to_arrow(),
    lambda history: history.to_polars(),
    lambda history: history.quarantine(),
    lambda history: (history.n_alerts, history.watermark, history.span),
    lambda history: (repr(history), history.settings),
)
_LOOKS: tuple[Callable[[aa.AlertHistory], object], ...] = (
    *(3 * _QUICK),
    lambda history: history,
    lambda history: history.sql("FROM alerts"),
    lambda history: history.describe(),
    lambda history: history.with_past().as_of("2026-01-01"),
    lambda history: history.where({"region": None}),
)


def _name(dice: random.Random) -> Attempt:
    name = dice.choice(_TWISTS)(dice.choice((*VICTIMS, ME)))
    look, way = dice.choice(_LOOKS), dice.choice((*["on everyone's"] * 6, "on mine", "a new store"))

    def act(prey: Prey) -> object:
        if way == "a new store":
            with aa.AlertStore.open(tenant=name) as store:
                return [repr(store), *told(look(store.history()))]
        return look((prey.everyone if way == "on everyone's" else dice.choice(prey.mine)).tenant(name))

    viewer = name if isinstance(name, str) and way == "on everyone's" else ME
    return Attempt(f"tenant name {way}", repr(name)[:200], act, viewer)


_NAMES = (
    "tenant_id", "alert_id", "fingerprint", "rule", "service", "value", "occurrences", "fired_at", "resolved_at",
    "labels", "metadata", "status", "severity", "region", "CI Name", "TENANT_ID", "store.alerts", "tenant_id; --",
    '"', "'", "a' OR '1'='1", "*", "COLUMNS(*)", "(SELECT message FROM store.alerts)", "main.given.tenant_id",
    "alerts.tenant_id", "", " ", "\x00", "__alert_analytics_row", "original", "reason", "declared_tenant",
    "labels['region']", "rowid", "ingested_at", "é", "x" * 3_000, "\ud800", "mk%", "{0}", "$now", "?", "tenant id",
)  # fmt: skip
_VALUES: tuple[object, ...] = (
    "globex", "acme", "id-0", "fp-1", "' OR '1'='1", "x') OR 1=1 --", "%", "mk%", "", "\x00", None, 0, 1, -1, 2**62,
    2**70, 1e308, float("nan"), float("inf"), True, b"globex", "2025-03-02", "1e999", "NaN", "NULL", "null",
    ["globex", None], ("id-0", "id-1"), [], [[1]], {"a": 1}, datetime(2025, 3, 2), datetime.max,
    datetime(2025, 3, 2, tzinfo=UTC), date(2025, 3, 2), timedelta(1), "\ud800", object, "[1,2", "{", "x" * 9_000,
    range(50), "0x1F", "\uff11", "1_000", "tenant_id", "store.alerts", "$now",
)  # fmt: skip


def _mapping(dice: random.Random) -> Attempt:
    names = dice.choice((_NAMES[:15], _NAMES))
    wanted = {dice.choice(names): dice.choice(_VALUES) for _ in range(dice.choice((1, 1, 2)))}
    look, place = dice.choice(_LOOKS), dice.random()
    return Attempt(
        "where mapping", repr(wanted)[:300], lambda prey: look(prey.mine[int(place * len(prey.mine))].where(wanted))
    )


_CONDITIONS = (
    "{n} = {v}", "{n} != {v}", "not {n} = {v}", "{n} < {v}", "{n} in ({v}, {w})", "{n} not in ({v})", "{n} is null",
    "{n} is not null", "{n} = {v} or true = true", "tenant_id = 'globex' or {n} = {v}", "tenant_id != 'acme'",
    "{n} = {v}) or (1 = 1", "{n} = {v} -- ", "{n} = {v}; select 1", "{n} = (select max(message) from store.alerts)",
    "{n} > {v} and severity >= 'low'", "{n} = {m}", "{n} >= {m}", "1 = 1", "true", "{n} like '%'",
    "exists (select 1)", "{n} = {v} union select", "((({n} = {v})))", "{n} between {v} and {w}",
)  # fmt: skip
_LITERALS = (
    "'globex'", "'acme'", "0", "1", "-1", "1e308", "1e999", "99999999999999999999999999999999999999999", "true",
    "null", "''", "'it''s'", "'2025-03-02'", "'not a time'", "'high'", "'urgent'", "'\x00'", "\"region\"", "$1", "?",
    "store.alerts", "getenv('HOME')", "'%'", "0.1", "'mk%'", "'x' || 'y'", "1/0", "'\ud800'",
)  # fmt: skip


def _condition(dice: random.Random) -> Attempt:
    names = dice.choice((_NAMES[:15], _NAMES))

    def name() -> str:
        plain = dice.choice(names)
        return plain if dice.random() < 0.5 else '"' + plain.replace('"', '""') + '"'

    shape = dice.choice(_CONDITIONS)
    text = shape.format(n=name(), m=name(), v=dice.choice(_LITERALS), w=dice.choice(_LITERALS))
    look, place = dice.choice(_LOOKS), dice.random()
    return Attempt("where condition", text[:300], lambda prey: look(prey.mine[int(place * len(prey.mine))].where(text)))


_TIMES: tuple[object, ...] = (
    "2025-03-05", "now()", "'; DROP TABLE alerts; --", "infinity", "-infinity", "epoch", "0001-01-01",
    "9999-12-31T23:59:59.999999", "", "\x00", "2025-03-05T00:00+99:00", "2025-W10-1",
    "(SELECT max(fired_at) FROM store.alerts)", datetime.min, datetime.max, START, None, 0, float("nan"),
    date(2025, 3, 9), datetime(2025, 3, 9, tzinfo=UTC), datetime.max.replace(tzinfo=UTC), b"2025-03-05", "\ud800",
    "2025-03-05 OR 1=1", [START],
)  # fmt: skip


def _time(dice: random.Random) -> Attempt:
    since, until, then = (dice.choice(_TIMES) for _ in range(3))
    look, place = dice.choice(_LOOKS), dice.random()
    ways: tuple[Callable[[aa.AlertHistory], aa.AlertHistory], ...] = (
        lambda mine: mine.as_of(then),  # type: ignore[arg-type]
        lambda mine: mine.where(since=since, until=until),  # type: ignore[arg-type]
        lambda mine: mine.where(since=since).with_past().as_of(then),  # type: ignore[arg-type]
    )
    way = dice.choice(ways)
    return Attempt(
        "times", f"{since!r}, {until!r}, {then!r}", lambda prey: look(way(prey.mine[int(place * len(prey.mine))]))
    )


def _analysis(dice: random.Random) -> Attempt:
    columns = [dice.choice(_NAMES[:15] if dice.random() < 0.4 else _NAMES) for _ in range(dice.choice((1, 1, 2)))]
    by: Any = columns if dice.random() < 0.5 else columns[0]
    one, place = columns[0], dice.random()
    ways: Mapping[str, Callable[[aa.AlertHistory], object]] = {
        "trend": lambda mine: aa.TrendAnalysis.from_alerts(mine, by=by),
        "correlation of": lambda mine: aa.CorrelationAnalysis.from_alerts(mine, of=one),
        "correlation within": lambda mine: aa.CorrelationAnalysis.from_alerts(mine, within=by),
        "resolution": lambda mine: aa.ResolutionAnalysis.from_alerts(mine, by=by),
        "resolution cluster": lambda mine: aa.ResolutionAnalysis.from_alerts(mine, cluster=one),
        "recommendations": lambda mine: aa.Recommendations.from_alerts(mine, of=one),
        "windows": lambda mine: repr(aa.alert_windows(mine, every=timedelta(hours=6), by=by)),
    }
    what = dice.choice(list(ways))
    return Attempt(f"{what} by", repr(by)[:200], lambda prey: ways[what](prey.mine[int(place * len(prey.mine))]))


_QUERIES = (
    "trend", "describe", "extent", "labels", "columns", "repeats", "merge_log", "merge_incoming", "merge_counts",
    "merge_alerts", "canonical", "ordinal", "store", "servicenow", "summary", "resolution", "alert_windows",
    "../history/store", "..\\history\\store", "{loot}/evil", "{evil}", "../../../../../../../../{evil}",
    "/etc/passwd", "", ".", "\x00", "SELECT * FROM store.alerts", "evil", "__init__", "trend.sql", "TREND",
)  # fmt: skip
_PACKAGES = (
    "alert_analytics.analytics", "alert_analytics.history", "alert_analytics.windows", "alert_analytics.sources",
    "alert_analytics", "os", "tests", "alert_analytics.", "", "..", "{loot}", "alert_analytics.engine", "evil",
    "alert_analytics.history.", "alert_analytics/history",
)  # fmt: skip


def _ask(dice: random.Random) -> Attempt:
    query, name, place = dice.choice(_QUERIES), dice.choice(_NAMES), dice.random()
    package = dice.choice(dice.choice((_PACKAGES[:2], _PACKAGES)))
    key = dice.choice(dice.choice((_NAMES[:15], _NAMES)))
    return _asked(query, package, {dice.choice((name, "series", "tenant_id", "item", "labels")): [key]}, place)


def _asked(query: str, package: str, keys: Mapping[str, list[str]], place: float = 0.0) -> Attempt:
    params = {"span_end": "2025-04-01", "tenant": "globex", "now": START, "source": "x", "complete_until": START}

    def act(prey: Prey) -> object:
        mine = prey.mine[int(place * len(prey.mine))]
        filled = query.replace("{loot}", prey.loot).replace("{evil}", prey.files[-1].removesuffix(".sql"))
        answer = mine.ask(filled, package=package.replace("{loot}", prey.loot), keys=keys, params=params)
        onwards = getattr(answer, "relation", None)  # a relation would lead to everything
        return [answer, onwards and onwards.query("v", "FROM store.alerts").fetchall()]

    return Attempt("ask", f"{query!r} {package!r} {keys!r}"[:300], act)


_MIX: tuple[tuple[Callable[[random.Random], Attempt], float], ...] = (
    (_sql, 0.73), (_name, 0.12), (_mapping, 0.03), (_condition, 0.05), (_time, 0.015), (_analysis, 0.015), (_ask, 0.04),
)  # fmt: skip


def attempts(n: int, seed: int) -> Iterator[Attempt]:
    """Draw attempts; the plainest ones (every relation asked for plainly, every deed) come first, once each."""
    for shape, relation in product(("SELECT * FROM {t}",), _RELATIONS):
        yield _plain(shape.replace("{t}", relation))
    for deed in _DEEDS:
        yield _plain(deed.replace("{t}", "store.alerts").replace("{q}", "store.alerts"))
    for query, package in product(_QUERIES, _PACKAGES[:2]):
        yield _asked(query, package, {"series": ["service"], "item": ["rule"]})
    dice = random.Random(seed)
    made, shares = zip(*_MIX, strict=True)
    for make in dice.choices(made, shares, k=n - len(_RELATIONS) - len(_DEEDS) - 2 * len(_QUERIES)):
        yield make(dice)


def _plain(text: str) -> Attempt:
    def act(prey: Prey) -> object:
        got: list[object] = []
        for history, file in zip(prey.mine, prey.files, strict=False):
            try:
                got.append(history.sql(text.replace("{file}", file).replace("{loot}", prey.loot)))
            except Exception as error:  # noqa: BLE001  what it says is looked through
                got.append(error)
        return got

    return Attempt("sql", text, act)


# -- what I bring in ------------------------------------------------------------------------------------------------


def hostile_rows(dice: random.Random) -> pl.DataFrame:
    """Rows of mine that name others, take their ids, and carry hostile text in every column."""
    texts = [str(value) for value in (*VICTIMS, *_NAMES, *_CONDITIONS) if "\ud800" not in str(value)]
    texts += [
        "mk' || (SELECT max(message) FROM store.alerts)",
        "'); DELETE FROM store.alerts; --",
        "x\x00y",
        '{"a": 1}',
    ]
    rows = []
    for _ in range(dice.randint(1, 6)):
        row: dict[str, object] = {
            name: dice.choice(texts) for name in ("rule", "service", "message", "metadata", "source")
        }
        row["tenant_id"] = dice.choice((None, ME, *VICTIMS))
        row["alert_id"] = dice.choice((f"id-{dice.randint(0, 2)}", dice.choice(texts)))
        row["fingerprint"] = dice.choice((f"fp-{dice.randint(0, 2)}", dice.choice(texts)))
        row["fired_at"] = dice.choice(
            (START + timedelta(hours=dice.randint(0, 99)), None, datetime(1950, 1, 2, 3, 4, 5))
        )
        row["observed_at"] = dice.choice((None, datetime(2026, 1, 1)))
        row["severity"] = dice.choice(("high", "'; DROP TABLE alerts; --", None))
        row["labels"] = dice.choice(
            ('{"region": "x"}', '{"a": 1, "a": 2}', "[1]", '{"\\u0000": "y"}', None, '{"tenant_id": "globex"}')
        )
        rows.append(row)
    return pl.DataFrame(
        rows,
        infer_schema_length=None,
        schema_overrides=dict.fromkeys(rows[0], pl.String)
        | {
            "fired_at": pl.Datetime("us"),
            "observed_at": pl.Datetime("us"),
        },
    )
