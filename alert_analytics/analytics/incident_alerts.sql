-- A row per alert with its tenant and its incident; one without an incident is one by itself.
SELECT tenant_id, coalesce(incident[1], alert_id) AS incident_id, alert_id
FROM alerts
