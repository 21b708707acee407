-- The alerts in the order of replay_rows.sql, by their ids.
SELECT alert_id
FROM alerts
ORDER BY item[1] NULLS LAST, fired_at, alert_id
