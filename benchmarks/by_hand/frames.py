"""The same questions as a user of pandas or polars would write them, each to the same columns as the SQL beside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import polars as pl
import pyarrow as pa

_WEEK_US = 604_800_000_000
_WINDOW_US = 300_000_000


def trend_pandas(path: Path) -> pa.Table:
    """Alerts by service and week."""
    frame = pd.read_parquet(path, columns=["service", "fired_at", "observed_at"])
    back = (frame["observed_at"].max() - frame["fired_at"]) // pd.Timedelta(days=7)
    weekly = frame.groupby(["service", back.rename("weeks_back")]).size().rename("n").reset_index()
    return pa.Table.from_pandas(weekly.groupby("service", as_index=False)["n"].sum().rename(columns={"n": "n_alerts"}))


def trend_polars(path: Path) -> pa.Table:
    """Alerts by service and week."""
    weekly = (
        pl.scan_parquet(path)
        .select("service", back=pl.col("observed_at").max() - pl.col("fired_at"))
        .group_by("service", pl.col("back").dt.total_microseconds() // _WEEK_US)
        .len()
    )
    return weekly.group_by("service").agg(n_alerts=pl.col("len").cast(pl.Int64).sum()).collect().to_arrow()


def resolved_only_pandas(path: Path) -> pa.Table:
    """Median of the resolved, the lower of two in the middle."""
    frame = pd.read_parquet(path, columns=["severity", "fired_at", "resolved_at"]).dropna()
    seconds = (frame["resolved_at"] - frame["fired_at"]).dt.total_seconds()
    median = seconds.groupby(frame["severity"]).quantile(0.5, interpolation="lower")
    return pa.Table.from_pandas(median.rename("resolved_only_median_s").reset_index(), preserve_index=False)


def resolved_only_polars(path: Path) -> pa.Table:
    """Median of the resolved, the lower of two in the middle."""
    seconds = (pl.col("resolved_at") - pl.col("fired_at")).dt.total_microseconds() / 1e6
    rows = pl.scan_parquet(path).filter(pl.col("resolved_at").is_not_null())
    median = rows.group_by("severity").agg(resolved_only_median_s=seconds.quantile(0.5, interpolation="lower"))
    return median.collect().to_arrow()


def pairs_polars(path: Path) -> pa.Table:
    """Followers within 300 s, by a join on equal buckets as in pairs.sql."""
    firings = (
        pl.scan_parquet(path)
        .select("tenant_id", "rule", time_us=pl.col("fired_at").dt.epoch("us"))
        .with_row_index("id")
        .with_columns(bucket=pl.col("time_us") // _WINDOW_US)
    )
    reachable = pl.concat([firings, firings.with_columns(pl.col("bucket") - 1)])
    lag = pl.col("time_us_right") - pl.col("time_us")
    joined = firings.join(reachable, on=["tenant_id", "bucket"]).filter(
        (lag > 0) & (lag <= _WINDOW_US) & (pl.col("rule") != pl.col("rule_right"))
    )
    counted = joined.select("id", leader="rule", follower="rule_right").unique().group_by("leader", "follower").len()
    return counted.select("leader", "follower", n_together=pl.col("len").cast(pl.Int64)).collect().to_arrow()


def pairs_pandas(path: Path) -> pa.Table:
    """Followers within 300 s, by a join on equal buckets as in pairs.sql; all of the join in memory at once."""
    frame = pd.read_parquet(path, columns=["tenant_id", "rule", "fired_at"])
    firings = frame.assign(time_us=frame.pop("fired_at").astype("int64"), id=range(len(frame)))
    firings["bucket"] = firings["time_us"] // _WINDOW_US
    reachable = pd.concat([firings, firings.assign(bucket=firings["bucket"] - 1)]).drop(columns="id")
    joined = firings.merge(reachable, on=["tenant_id", "bucket"], suffixes=("", "_after"))
    lag = joined["time_us_after"] - joined["time_us"]
    kept = joined[(lag > 0) & (lag <= _WINDOW_US) & (joined["rule"] != joined["rule_after"])]
    counted = kept.drop_duplicates(["id", "rule_after"]).groupby(["rule", "rule_after"]).size().reset_index()
    counted.columns = pd.Index(["leader", "follower", "n_together"])
    return pa.Table.from_pandas(counted, preserve_index=False)


FRAMES: dict[str, Callable[[Path], pa.Table]] = {
    "pandas/trend": trend_pandas,
    "polars/trend": trend_polars,
    "pandas/resolved_only": resolved_only_pandas,
    "polars/resolved_only": resolved_only_polars,
    "pandas/pairs": pairs_pandas,
    "polars/pairs": pairs_polars,
}
