-- A row per series (its code in the order of alert_series.sql) and bucket in which an alert of it fired, was resolved, or
-- left the open load (resolved, or a week old), with the bucket's number counted from the grid's start; -1 is all the
-- time before it. A bucket holds its first instant and not its last.
WITH events AS (
    SELECT series, epoch_us(fired_at) AS at_us, 'fired' AS what, rule, severity
    FROM alerts
    UNION ALL
    SELECT series, epoch_us(resolved_at) AS at_us, 'resolved' AS what, NULL AS rule, NULL AS severity
    FROM alerts
    WHERE resolved_at IS NOT NULL
    UNION ALL
    SELECT series, least(epoch_us(fired_at) + $stale_us, coalesce(epoch_us(resolved_at), epoch_us(fired_at) + $stale_us)),
        'left' AS what, NULL AS rule, NULL AS severity
    FROM alerts
),
bucketed AS (
    SELECT
        *,
        CASE WHEN at_us < $start_us THEN -1 ELSE (at_us - $start_us) // $every_us END AS bucket
    FROM events
    WHERE at_us < $end_us
)
SELECT
    dense_rank() OVER (ORDER BY series) - 1 AS series_code,
    bucket,
    count(*) FILTER (what = 'fired') AS n_alerts,
    count(DISTINCT rule) AS n_rules,
    count(*) FILTER (severity = 'high') AS n_high,
    count(*) FILTER (severity = 'critical') AS n_critical,
    coalesce(avg(list_position($severities::VARCHAR[], severity) - 1), 'nan') AS mean_severity,
    count(*) FILTER (what = 'resolved') AS n_resolved,
    count(*) FILTER (what = 'left') AS n_left,
    coalesce(max(at_us) FILTER (what = 'fired'), $never_us) AS last_fired_us
FROM bucketed
GROUP BY series, bucket
ORDER BY series_code, bucket
