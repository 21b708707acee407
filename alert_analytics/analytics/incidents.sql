-- A row per incident that began in the time asked for: its tenant, the series of its first alert, its alerts, when it
-- began (its first firing), when any of its alerts was first acknowledged, and when the last of them was resolved (null
-- while one is open). An alert without an incident is one by itself.
WITH told AS (
    SELECT
        tenant_id,
        series,
        coalesce(incident[1], alert_id) AS incident_id,
        incident[1] IS NULL AS is_alone,
        alert_id,
        fired_at,
        acknowledged_at,
        resolved_at
    FROM alerts
),
gathered AS (
    SELECT
        tenant_id,
        incident_id,
        first(series ORDER BY fired_at, alert_id) AS series,
        count(*) AS n_alerts,
        min(fired_at) AS began_at,
        min(acknowledged_at) AS acknowledged_at,
        CASE WHEN count(resolved_at) = count(*) THEN max(resolved_at) END AS resolved_at
    FROM told
    GROUP BY tenant_id, incident_id, is_alone
)
SELECT
    (dense_rank() OVER (ORDER BY series) - 1)::BIGINT AS group_code,
    (dense_rank() OVER (ORDER BY tenant_id, began_at::DATE) - 1)::BIGINT AS cluster_code,
    *
FROM gathered
WHERE
    ($since::TIMESTAMP IS NULL OR began_at >= $since::TIMESTAMP)
    AND ($until::TIMESTAMP IS NULL OR began_at < $until::TIMESTAMP)
ORDER BY began_at, tenant_id, incident_id
