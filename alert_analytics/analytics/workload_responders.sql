-- A row per responder, in the order in which workload.sql numbers them.
SELECT DISTINCT tenant_id, responder
FROM alerts
WHERE responder[1] IS NOT NULL
ORDER BY tenant_id, responder
