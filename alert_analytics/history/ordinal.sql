-- A row per row of a table in which fingerprints are missing, with its place among identical rows, so that rows which
-- agree in everything stay several alerts.
SELECT
    *,
    row_number() OVER (
        PARTITION BY
            tenant_id, source, origin, fingerprint, rule, service, team, severity, status, message, fired_at,
            acknowledged_at, resolved_at, resolution, occurrences, assignee, value, labels, metadata
        ORDER BY line
    ) AS place
FROM unidentified
