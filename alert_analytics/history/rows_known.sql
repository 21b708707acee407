-- Of the rows about one beginning those that had been seen just before the moment `known_by`; where none had, the one seen
-- first afterwards, for what it tells of the time before. Rows that come later change neither.
WITH ranked AS (
    SELECT
        *,
        bool_or(observed_at < known_by) OVER (PARTITION BY tenant_id, source, fingerprint, fired_at) AS is_seen,
        row_number() OVER (
            PARTITION BY tenant_id, source, fingerprint, fired_at ORDER BY observed_at, to_json(told_rows)::VARCHAR
        ) AS place
    FROM told_rows
)
SELECT * EXCLUDE (known_by, is_seen, place)
FROM ranked
WHERE observed_at < known_by OR (NOT is_seen AND place = 1)
