-- A row per judged row of a table in which fingerprints are missing: where one is, the row's content and its place among
-- rows of the same content stand for it, so that rows which agree in everything stay several alerts.
WITH told AS (
    SELECT
        *,
        md5(to_json([
            tenant_id, source, origin, rule, service, team, severity, message, fired_at::VARCHAR,
            acknowledged_at::VARCHAR, resolved_at::VARCHAR, resolution, occurrences::VARCHAR, assignee,
            value::VARCHAR, labels::VARCHAR, metadata
        ])) AS content
    FROM nameless
)
SELECT * EXCLUDE (content) REPLACE (
    coalesce(
        fingerprint, concat_ws('-', content, row_number() OVER (PARTITION BY content, status ORDER BY line))
    ) AS fingerprint
)
FROM told
