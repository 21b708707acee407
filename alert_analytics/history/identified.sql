-- A row per row of a table, with the id of its alert: the one it came with, or what tenant, source, fingerprint and
-- beginning make.
SELECT
    * EXCLUDE (kind, happened_at, sequence)
    REPLACE (
        coalesce(alert_id, md5(to_json([tenant_id, source, fingerprint, epoch_us(fired_at)::VARCHAR]))) AS alert_id
    )
FROM unnamed
