-- A row per judged row of an input, as an event of the log: with the number that stands for its timeline.
CREATE OR REPLACE TEMP TABLE staged AS
SELECT
    ('0x' || left(md5(to_json([tenant_id, source, fingerprint])), 16))::UBIGINT AS timeline,
    kind,
    happened_at,
    observed_at,
    sequence,
    tenant_id,
    source,
    fingerprint,
    CASE
        WHEN alert_id IS NULL THEN NULL
        -- what the other columns say anyway is not kept
        WHEN alert_id = md5(to_json([tenant_id, source, fingerprint, epoch_us(fired_at)::VARCHAR])) THEN NULL
        ELSE alert_id
    END AS alert_id,
    origin,
    rule,
    service,
    team,
    severity,
    status,
    message,
    fired_at,
    acknowledged_at,
    resolved_at,
    resolution,
    occurrences,
    escalations,
    reassignments,
    reopens,
    notifications,
    assignee,
    value,
    -- the same labels in another order are the same labels
    map_from_entries(list_sort(map_entries(labels))) AS labels,
    metadata,
    line,
    original,
    reason
FROM judged_rows
