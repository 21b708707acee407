-- A row per refused row that the store has not set aside before.
INSERT INTO store.quarantine
WITH refused AS (
    SELECT tenant_id, source, line, reason, original
    FROM staged
    WHERE reason IS NOT NULL
),
placed AS (
    SELECT *, row_number() OVER (PARTITION BY tenant_id, source, reason, original ORDER BY line) AS place
    FROM refused
)
SELECT *, $now AS ingested_at
FROM placed
ANTI JOIN store.quarantine USING (tenant_id, source, reason, original, place)
