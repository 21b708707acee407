-- The alerts of which the batch holds a later observation make room for it.
DELETE FROM store.alerts
WHERE (tenant_id, alert_id) IN (SELECT (tenant_id, alert_id) FROM incoming WHERE fate = 'updated')
