-- A row per row of worded.sql, and in `reason` why it cannot be used (null: it can).
WITH judged AS (
    SELECT
        * REPLACE (
            CASE
                WHEN reason IS NOT NULL THEN reason
                WHEN kind NOT IN (
                    'row', 'fire', 'reopen', 'change', 'acknowledge', 'unacknowledge', 'suppress', 'unsuppress',
                    'escalate', 'reassign', 'notify', 'resolve'
                ) THEN concat('unknown kind of event ''', kind, '''')
                WHEN kind <> 'row' AND fingerprint IS NULL THEN 'no fingerprint'
                WHEN happened_at IS NULL THEN CASE WHEN kind = 'row' THEN 'no fired_at' ELSE 'no happened_at' END
                WHEN fired_at < TIMESTAMP '0001-01-01' THEN 'fired_at lies before all calendars'
                WHEN happened_at < TIMESTAMP '0001-01-01' THEN 'happened_at lies before all calendars'
                WHEN observed_at < TIMESTAMP '0001-01-01' THEN 'observed_at lies before all calendars'
                WHEN fired_at > tomorrow THEN 'fired_at lies in the future'
                WHEN resolved_at > tomorrow THEN 'resolved_at lies in the future'
                WHEN acknowledged_at > tomorrow THEN 'acknowledged_at lies in the future'
                WHEN happened_at > tomorrow THEN 'happened_at lies in the future'
                WHEN observed_at > tomorrow THEN 'observed_at lies in the future'
                WHEN resolved_at < fired_at OR (kind = 'resolve' AND happened_at < fired_at)
                    THEN 'resolved_at precedes fired_at'
                WHEN acknowledged_at < fired_at OR (kind = 'acknowledge' AND happened_at < fired_at)
                    THEN 'acknowledged_at precedes fired_at'
                WHEN severity NOT IN ('info', 'low', 'medium', 'high', 'critical')
                    THEN concat('unknown severity ''', severity, '''')
                WHEN status NOT IN ('firing', 'acknowledged', 'resolved', 'suppressed')
                    THEN concat('unknown status ''', status, '''')
                WHEN resolution NOT IN ('manual', 'automatic', 'expired', 'cancelled')
                    THEN concat('unknown resolution ''', resolution, '''')
                WHEN status = 'resolved' AND resolved_at IS NULL THEN 'resolved, but no resolved_at'
                WHEN declared_tenant IS NOT NULL AND tenant_id <> declared_tenant
                    THEN concat('belongs to another tenant, not to ''', declared_tenant, '''')
            END AS reason
        )
    FROM (
        SELECT *, (now() AT TIME ZONE 'UTC')::TIMESTAMP + INTERVAL 1 DAY AS tomorrow
        FROM worded
    )
)
SELECT
    * EXCLUDE (declared_tenant, declared_source, tomorrow, reached)
    REPLACE (
        -- A refused row is a matter of whoever brought it, whatever tenant it names.
        CASE WHEN reason IS NULL THEN tenant_id ELSE coalesce(declared_tenant, tenant_id) END AS tenant_id,
        CASE WHEN reason IS NOT NULL THEN json_extract_string(to_json(original), '$') END AS original,
        -- A reason quotes what it refuses, and that may be a book.
        CASE WHEN length(reason) > 300 THEN concat(left(reason, 299), '…') ELSE reason END AS reason,
        reached AS status,
        coalesce(fingerprint, alert_id) AS fingerprint
    )
FROM judged
