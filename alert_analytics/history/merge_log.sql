-- This ingest: a row per tenant in the batch, or one for an empty batch, so that the log always grows. What an operator
-- declares complete is said of the tenants whose alerts came; rows that were refused tell of nobody.
INSERT INTO store.ingests
SELECT
    tenant_id,
    $source,
    CASE WHEN $tenant::VARCHAR IS NOT NULL OR count(*) > count(reason) THEN $complete_until::TIMESTAMP END,
    max(greatest(happened_at, observed_at, acknowledged_at, resolved_at)) FILTER (reason IS NULL),
    count(*),
    $now
FROM staged
GROUP BY tenant_id
UNION ALL
SELECT $tenant::VARCHAR, $source, $complete_until::TIMESTAMP, NULL, 0, $now
WHERE NOT EXISTS (SELECT 1 FROM staged)
