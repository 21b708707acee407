-- A row per text set aside of one source, of one tenant or (null) of everyone, in the order of the input: a payload of
-- which several alerts were set aside is read again once.
SELECT tenant_id, list(rowid) AS places, min(line) AS line, original
FROM store.quarantine
WHERE source = $source AND ($tenant::VARCHAR IS NULL OR tenant_id = $tenant)
GROUP BY tenant_id, original, line
ORDER BY tenant_id, min(ingested_at), min(line), min(rowid)
