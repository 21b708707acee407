-- One row: what a look at the whole history shows before any question is asked.
SELECT
    count(*) AS n_alerts,
    count(*) FILTER (resolved_at IS NULL) AS n_open,
    count(*) FILTER (acknowledged_at IS NOT NULL) AS n_acknowledged,
    count(*) FILTER (resolved_at = fired_at) AS n_instant,
    count(*) FILTER (fired_at = date_trunc('day', fired_at)) AS n_at_midnight,
    count(*) FILTER (fired_at = date_trunc('hour', fired_at)) AS n_on_the_hour,
    count(*) FILTER (rule = 'unknown') AS n_unknown_rule,
    count(DISTINCT tenant_id) AS n_tenants,
    count(DISTINCT source) AS n_sources
FROM alerts
