"""The history, the exports and the metric series of ``data/sample``: a small web shop and a smaller sister."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pyarrow.parquet as pq

from alert_analytics.simulation.exports import write_exports
from alert_analytics.simulation.history import simulate_history
from alert_analytics.simulation.metrics import MetricColumn, MetricSpec, simulate_metrics
from alert_analytics.simulation.spec import Cascade, HistorySpec, Resolution, Rule, Service, Storm, Tenant

SAMPLE_SEED = 20250901
"""Seed of all files of ``data/sample``."""

_SERVICES = (
    Service("checkout", "storefront", slope_per_day=0.14),
    Service("payments", "payments", hosts=3),
    Service("search", "discovery", slope_per_day=-0.15, hosts=5),
    Service("database", "data", hosts=3),
    Service("network", "infrastructure", hosts=6),
    Service("web", "storefront", hosts=8),
)

_RULES = (
    Rule("HighErrorRate", "checkout", "critical", 3.0, "error_rate_percent", 2.0),
    Rule("HighLatency", "checkout", "high", 6.0, "latency_p99_ms", 1200.0),
    Rule("CartUnavailable", "checkout", "critical", 1.0, "failed_probes", 3.0),
    Rule("OrderQueueBacklog", "checkout", "medium", 6.0, "queued_orders", 500.0),
    Rule("PaymentTimeouts", "payments", "critical", 3.0, "timeouts_per_min", 5.0),
    Rule("GatewayErrorRate", "payments", "high", 4.0, "error_rate_percent", 1.0),
    Rule("FraudCheckBacklog", "payments", "medium", 5.0, "queued_checks", 200.0),
    Rule("CertificateExpiry", "payments", "low", 0.5, "days_past_renewal", 1.0),
    Rule("IndexStale", "search", "medium", 6.0, "index_age_min", 30.0),
    Rule("SearchLatency", "search", "high", 5.0, "latency_p99_ms", 800.0),
    Rule("ShardUnassigned", "search", "high", 2.0, "unassigned_shards", 1.0),
    Rule("CacheMissRate", "search", "low", 10.0, "cache_miss_percent", 40.0),
    Rule("ReplicationLag", "database", "high", 4.0, "replication_lag_s", 30.0),
    Rule("SlowQueries", "database", "medium", 6.0, "slow_queries_per_min", 20.0),
    Rule("ConnectionPoolExhausted", "database", "high", 3.0, "connections_waiting", 10.0),
    Rule("DiskFull", "database", "critical", 1.5, "disk_used_percent", 90.0),
    Rule("BackupFailed", "database", "low", 1.0, "failed_backups", 1.0),
    Rule("PacketLoss", "network", "high", 4.0, "packet_loss_percent", 1.0),
    Rule("LinkDown", "network", "critical", 1.2, "links_down", 1.0),
    Rule("DnsFailures", "network", "high", 3.0, "failed_lookups_per_min", 10.0),
    Rule("BgpSessionFlap", "network", "info", 0.25, "session_resets", 1.0, 30.0, 240.0, flapping=True),
    Rule("Http5xxRate", "web", "critical", 4.0, "http_5xx_percent", 1.0),
    Rule("HighMemoryUsage", "web", "medium", 8.0, "memory_used_percent", 85.0),
    Rule("HighCpuUsage", "web", "low", 5.0, "cpu_used_percent", 80.0, repeats=6.0, repeat_gap_s=240.0),
    Rule("SyntheticCheckFailed", "web", "medium", 3.0, "failed_checks", 2.0, repeats=2.0, repeat_gap_s=150.0),
)

_CASCADES = (
    Cascade("ReplicationLag", "SlowQueries", 0.7, lag_s=60.0),
    Cascade("ConnectionPoolExhausted", "PaymentTimeouts", 0.5, lag_s=30.0),
    Cascade("PaymentTimeouts", "HighErrorRate", 0.8, lag_s=25.0),
    Cascade("PacketLoss", "HighLatency", 0.6, lag_s=40.0),
    Cascade("IndexStale", "SearchLatency", 0.4, lag_s=90.0, lag_sigma=0.4),
)

_STORMS = (
    Storm("acme", "database", at_day=23.4, hours=3.0, n_onsets=120),
    Storm("acme", "network", at_day=58.6, hours=2.0, n_onsets=150),
    Storm("acme", "payments", at_day=93.8, hours=4.0, n_onsets=140),
)

_MEDIAN_HOURS = {"critical": 0.5, "high": 2.0, "medium": 10.0, "low": 60.0, "info": 24.0}


def sample_spec() -> HistorySpec:
    """Describe the alert history of ``data/sample``: 16 weeks, 2 tenants, 6 services, 25 rules."""
    tenants = (Tenant("acme", 1.0, "eu-west"), Tenant("globex", 0.12, "us-east"))
    resolution = {severity: Resolution(3600.0 * hours) for severity, hours in _MEDIAN_HOURS.items()}
    return HistorySpec(
        tenants,
        _SERVICES,
        _RULES,
        _CASCADES,
        _STORMS,
        start=datetime(2025, 9, 1),
        days=112,
        resolution=resolution,
        never_resolved=0.04,
    )


def sample_metric_spec() -> MetricSpec:
    """Describe the metric series of ``data/sample``: three machines, six metrics, two weeks."""
    columns = (
        MetricColumn("cpu_percent", 45.0, 14.0, 3.0),
        MetricColumn("memory_percent", 60.0, 6.0, 1.5),
        MetricColumn("requests_per_s", 420.0, 150.0, 18.0),
        MetricColumn("latency_ms", 110.0, 22.0, 6.0),
        MetricColumn("disk_io_mb_per_s", 35.0, 8.0, 4.0),
        MetricColumn("errors_per_min", 3.0, 0.6, 0.5),
    )
    return MetricSpec(("web-01", "web-02", "database-01"), columns, start=datetime(2025, 12, 8))


def write_sample(folder: Path) -> list[Path]:
    """Write the sample's files into a folder, made if absent.

    ``alerts.parquet``, ``metrics.parquet`` and ``truth.json``, and what two tools would export of the same alerts,
    ``alertmanager.jsonl.gz`` and ``tickets.csv``. The rows are the same each time; the bytes of Parquet and gzip may
    differ between versions of pyarrow and zlib.

    Parameters
    ----------
    folder : Path
        Files of these names in it are overwritten.

    Returns
    -------
    list of Path
        The files written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    history = simulate_history(sample_spec(), SAMPLE_SEED)
    metrics = simulate_metrics(sample_metric_spec(), SAMPLE_SEED)
    paths = [folder / "alerts.parquet", folder / "metrics.parquet", folder / "truth.json"]
    pq.write_table(history.alerts, paths[0], compression="zstd", compression_level=9)
    pq.write_table(metrics.table, paths[1], compression="zstd", compression_level=9)
    truth = {"alerts": history.truth, "metrics": metrics.truth}
    paths[2].write_text(json.dumps(truth, indent=1) + "\n", encoding="utf-8")
    return paths + write_exports(folder, history.alerts, history.watermark, SAMPLE_SEED)
