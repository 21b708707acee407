-- The latest alert: what its metadata and its label `severity` say of the rule.
SELECT metadata::VARCHAR AS metadata, labels['severity'] AS severity
FROM alerts
ORDER BY fired_at DESC, alert_id
LIMIT 1
