-- A row per alert in the batch: its latest observation, and whether the store lacks it ('new'), holds an earlier
-- one ('updated') or knows it ('duplicate').
CREATE OR REPLACE TEMP TABLE incoming AS
WITH sound AS (
    SELECT * EXCLUDE (line, original, reason, ingested_at) FROM staged WHERE reason IS NULL
),
repeated AS (
    SELECT alert_id FROM sound GROUP BY alert_id HAVING count(*) > 1
),
latest AS (
    SELECT * FROM sound ANTI JOIN repeated USING (alert_id)
    UNION ALL
    SELECT * FROM (SELECT * FROM sound SEMI JOIN repeated USING (alert_id)) AS alert
    QUALIFY row_number() OVER (PARTITION BY alert_id ORDER BY observed_at DESC, to_json(alert) DESC) = 1
),
known AS (
    SELECT * EXCLUDE (ingested_at) FROM store.alerts SEMI JOIN latest USING (alert_id)
),
compared AS (
    SELECT
        latest.alert_id,
        (latest.observed_at, to_json(latest)::VARCHAR) > (known.observed_at, to_json(known)::VARCHAR) AS is_later
    FROM latest INNER JOIN known USING (alert_id)
)
SELECT
    latest.*,
    CASE WHEN compared.alert_id IS NULL THEN 'new' WHEN is_later THEN 'updated' ELSE 'duplicate' END AS fate
FROM latest LEFT JOIN compared USING (alert_id)
