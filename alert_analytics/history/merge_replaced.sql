-- The alerts of which the batch holds a later observation make room for it.
DELETE FROM store.alerts
WHERE alert_id IN (SELECT alert_id FROM incoming WHERE fate = 'updated')
