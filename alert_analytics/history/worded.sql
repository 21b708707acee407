-- A row per given row: the canonical columns and what makes it an event, as they are written when they are sound, and in
-- `reached` how far the alert has come. `declared_tenant` and `declared_source` are what the caller said of rows that
-- name none.
SELECT
    * REPLACE (
        coalesce(tenant_id, declared_tenant, 'default') AS tenant_id,
        coalesce(source, declared_source) AS source,
        -- What an event does not say stays unsaid: another one of the same alert may say it.
        CASE WHEN kind = 'row' THEN coalesce(rule, 'unknown') ELSE rule END AS rule,
        CASE WHEN kind = 'row' THEN coalesce(labels, MAP {}) ELSE labels END AS labels,
        CASE WHEN kind = 'row' THEN coalesce(occurrences, 1) ELSE occurrences END AS occurrences,
        nullif(lower(trim(severity)), '') AS severity,
        nullif(lower(trim(status)), '') AS status,
        nullif(lower(trim(resolution)), '') AS resolution,
        CASE WHEN kind = 'row' THEN fired_at ELSE happened_at END AS happened_at,
        CASE
            WHEN kind = 'row' THEN coalesce(observed_at, resolved_at, acknowledged_at, fired_at)
            ELSE coalesce(observed_at, happened_at)
        END AS observed_at
    ),
    -- The times say how far an alert has come; only suppression is a word of its own.
    CASE
        WHEN kind <> 'row' THEN NULL
        WHEN lower(trim(status)) = 'suppressed' THEN 'suppressed'
        WHEN resolved_at IS NOT NULL THEN 'resolved'
        WHEN acknowledged_at IS NOT NULL THEN 'acknowledged'
        ELSE 'firing'
    END AS reached
FROM given
