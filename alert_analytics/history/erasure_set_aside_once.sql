-- Of rows set aside that have become the same, the one that came first stays.
DELETE FROM store.quarantine
WHERE rowid IN (
    SELECT rowid
    FROM store.quarantine
    QUALIFY row_number() OVER (PARTITION BY tenant_id, source, reason, original, place ORDER BY ingested_at, line) > 1
)
