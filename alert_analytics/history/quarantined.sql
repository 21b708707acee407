-- A row per row set aside of one source, of one tenant or (null) of everyone, in the order of the input.
SELECT rowid AS place, line, original
FROM store.quarantine
WHERE source = $source AND ($tenant::VARCHAR IS NULL OR tenant_id = $tenant)
ORDER BY ingested_at, line, rowid
