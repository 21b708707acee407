-- A row per given row: the canonical columns, and in `reason` why the row cannot be used (null: it can).
-- `declared_tenant` and `declared_source` are what the caller said of rows that name none.
WITH worded AS (
    SELECT
        * REPLACE (
            coalesce(tenant_id, declared_tenant, 'default') AS tenant_id,
            coalesce(source, declared_source) AS source,
            coalesce(rule, 'unknown') AS rule,
            nullif(lower(trim(severity)), '') AS severity,
            nullif(lower(trim(status)), '') AS status,
            nullif(lower(trim(resolution)), '') AS resolution,
            coalesce(labels, MAP {}) AS labels,
            coalesce(occurrences, 1) AS occurrences,
            coalesce(observed_at, resolved_at, acknowledged_at, fired_at) AS observed_at
        ),
        (now() AT TIME ZONE 'UTC')::TIMESTAMP + INTERVAL 1 DAY AS tomorrow
    FROM given
),
judged AS (
    SELECT
        * REPLACE (
            CASE
                WHEN reason IS NOT NULL THEN reason
                WHEN fired_at IS NULL THEN 'no fired_at'
                WHEN fired_at < TIMESTAMP '0001-01-01' THEN 'fired_at lies before all calendars'
                WHEN fired_at > tomorrow THEN 'fired_at lies in the future'
                WHEN resolved_at > tomorrow THEN 'resolved_at lies in the future'
                WHEN acknowledged_at > tomorrow THEN 'acknowledged_at lies in the future'
                WHEN observed_at > tomorrow THEN 'observed_at lies in the future'
                WHEN resolved_at < fired_at THEN 'resolved_at precedes fired_at'
                WHEN acknowledged_at < fired_at THEN 'acknowledged_at precedes fired_at'
                WHEN severity NOT IN ('info', 'low', 'medium', 'high', 'critical')
                    THEN concat('unknown severity ''', severity, '''')
                WHEN status NOT IN ('firing', 'acknowledged', 'resolved', 'suppressed')
                    THEN concat('unknown status ''', status, '''')
                WHEN resolution NOT IN ('manual', 'automatic', 'expired', 'cancelled')
                    THEN concat('unknown resolution ''', resolution, '''')
                WHEN status = 'resolved' AND resolved_at IS NULL THEN 'resolved, but no resolved_at'
                WHEN declared_tenant IS NOT NULL AND tenant_id <> declared_tenant
                    THEN concat('belongs to another tenant, not to ''', declared_tenant, '''')
            END AS reason,
            -- The times say how far an alert has come; only suppression is a word of its own.
            CASE
                WHEN status = 'suppressed' THEN 'suppressed'
                WHEN resolved_at IS NOT NULL THEN 'resolved'
                WHEN acknowledged_at IS NOT NULL THEN 'acknowledged'
                ELSE 'firing'
            END AS status
        )
    FROM worded
),
hashed AS (
    SELECT
        *,
        md5(to_json([
            tenant_id, source, origin, rule, service, team, severity, message, fired_at::VARCHAR,
            acknowledged_at::VARCHAR, resolved_at::VARCHAR, resolution, occurrences::VARCHAR, assignee,
            value::VARCHAR, labels::VARCHAR, metadata
        ])) AS content
    FROM judged
)
SELECT
    * EXCLUDE (declared_tenant, declared_source, tomorrow, content, place)
    REPLACE (
        -- A refused row is a matter of whoever brought it, whatever tenant it names.
        CASE WHEN reason IS NULL THEN tenant_id ELSE coalesce(declared_tenant, tenant_id) END AS tenant_id,
        CASE WHEN reason IS NOT NULL THEN json_extract_string(to_json(original), '$') END AS original,
        -- Without an identity the row's content, and its place among identical rows, stand for it.
        coalesce(fingerprint, concat_ws('-', content, place)) AS fingerprint,
        coalesce(
            alert_id,
            md5(to_json([
                tenant_id, source, coalesce(fingerprint, concat_ws('-', content, place)), epoch_us(fired_at)::VARCHAR
            ]))
        ) AS alert_id
    )
FROM hashed
