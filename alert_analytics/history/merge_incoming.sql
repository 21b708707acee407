-- A row per alert in the batch: its latest observation, and whether the store lacks it ('new'), holds an earlier
-- one ('updated') or knows it ('duplicate'). An id is its tenant's own: nobody can replace another's alert by using it.
CREATE OR REPLACE TEMP TABLE incoming AS
WITH sound AS (
    SELECT * EXCLUDE (line, original, reason, ingested_at) FROM staged WHERE reason IS NULL
),
repeated AS (
    SELECT tenant_id, alert_id FROM sound GROUP BY ALL HAVING count(*) > 1
),
latest AS (
    SELECT * FROM sound ANTI JOIN repeated USING (tenant_id, alert_id)
    UNION ALL
    SELECT * FROM (SELECT * FROM sound SEMI JOIN repeated USING (tenant_id, alert_id)) AS alert
    QUALIFY row_number() OVER (PARTITION BY tenant_id, alert_id ORDER BY observed_at DESC, to_json(alert)::VARCHAR DESC) = 1
),
known AS (
    SELECT * EXCLUDE (ingested_at) FROM store.alerts SEMI JOIN latest USING (tenant_id, alert_id)
),
compared AS (
    SELECT
        latest.tenant_id,
        latest.alert_id,
        (latest.observed_at, to_json(latest)::VARCHAR) > (known.observed_at, to_json(known)::VARCHAR) AS is_later
    FROM latest INNER JOIN known USING (tenant_id, alert_id)
)
SELECT
    latest.*,
    CASE WHEN compared.alert_id IS NULL THEN 'new' WHEN is_later THEN 'updated' ELSE 'duplicate' END AS fate
FROM latest LEFT JOIN compared USING (tenant_id, alert_id)
