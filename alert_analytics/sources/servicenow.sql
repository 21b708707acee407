-- A row per thing that a record of the log says, as an event: that the incident was opened, what its state and its
-- attributes were. Each record is taken by itself, so that it does not matter what else the input holds.
WITH read AS (
    SELECT
        __alert_analytics_line AS line,
        __alert_analytics_row AS original,
        nullif(number, '?') AS number,
        incident_state AS state,
        try_strptime(opened_at, getvariable('servicenow_format')) AS opened_at,
        try_strptime(nullif(resolved_at, '?'), getvariable('servicenow_format')) AS resolved_at,
        nullif(resolved_at, '?') AS resolved_text,
        try_strptime(sys_updated_at, getvariable('servicenow_format')) AS updated_at,
        try_cast(sys_mod_count AS BIGINT) AS sequence,
        try_cast(reassignment_count AS BIGINT) AS reassignments,
        try_cast(reopen_count AS BIGINT) AS reopens,
        nullif(priority, '?') AS priority,
        nullif(category, '?') AS rule,
        nullif(cmdb_ci, '?') AS service,
        nullif(assignment_group, '?') AS team,
        nullif(assigned_to, '?') AS assignee,
        map_from_entries(list_filter(
            [
                ('subcategory', nullif(subcategory, '?')), ('symptom', nullif(u_symptom, '?')),
                ('location', nullif(location, '?')), ('contact_type', nullif(contact_type, '?')),
                ('impact', nullif(impact, '?')), ('urgency', nullif(urgency, '?'))
            ],
            lambda label: label[2] IS NOT NULL
        )) AS labels
    FROM log
),
judged AS (
    SELECT
        *,
        CASE
            WHEN number IS NULL THEN 'no number'
            WHEN updated_at IS NULL THEN 'sys_updated_at is no time of the expected format'
            WHEN opened_at IS NULL THEN 'opened_at is no time of the expected format'
            WHEN resolved_text IS NOT NULL AND resolved_at IS NULL
                THEN 'resolved_at is no time of the expected format'
            WHEN state IN (
                'New', 'Active', 'Awaiting User Info', 'Awaiting Vendor', 'Awaiting Problem', 'Awaiting Evidence',
                'On Hold', 'In Progress', 'Resolved', 'Closed', 'Canceled', 'Cancelled'
            ) THEN NULL
            ELSE concat('unknown incident_state ''', state, '''')
        END AS reason
    FROM read
),
sound AS (
    SELECT
        * EXCLUDE (reason, priority),
        CASE left(priority, 1)
            WHEN '1' THEN 'critical' WHEN '2' THEN 'high' WHEN '3' THEN 'medium' WHEN '4' THEN 'low' WHEN '5' THEN 'info'
            ELSE priority
        END AS severity
    FROM judged
    WHERE reason IS NULL
),
opened AS (
    -- every record repeats when the incident was opened, and nothing else that was known then
    SELECT 'fire' AS kind, number AS fingerprint, opened_at AS happened_at, line, original FROM sound
),
changed AS (
    SELECT
        CASE
            WHEN state IN ('Resolved', 'Closed', 'Canceled', 'Cancelled') THEN 'resolve'
            -- any other state says that the incident is open
            ELSE 'reopen'
        END AS kind,
        number AS fingerprint,
        -- the end is `resolved_at`, else the change that brought it; never `closed_at`, which is automatic
        CASE WHEN state IN ('Resolved', 'Closed') THEN coalesce(resolved_at, updated_at) ELSE updated_at END
            AS happened_at,
        updated_at AS observed_at,
        opened_at AS fired_at,
        CASE WHEN state IN ('Canceled', 'Cancelled') THEN 'cancelled' END AS resolution,
        sequence, rule, service, team, severity, assignee, reassignments, reopens, labels, line, original
    FROM sound
),
acknowledged AS (
    SELECT
        'acknowledge' AS kind, number AS fingerprint, updated_at AS happened_at, updated_at AS observed_at, sequence, line,
        original
    FROM sound
    WHERE state IN ('Active', 'In Progress')
)
SELECT *, NULL AS reason FROM changed
UNION ALL BY NAME
FROM opened
UNION ALL BY NAME
FROM acknowledged
UNION ALL BY NAME
SELECT
    'change' AS kind, coalesce(number, '') AS fingerprint, rule, coalesce(updated_at, opened_at) AS happened_at, line,
    original, reason
FROM judged
WHERE reason IS NOT NULL
