-- A row per incident, in canonical columns; and one, with its reason, per record of the log in an unknown state.
WITH read AS (
    SELECT
        __alert_analytics_line AS line,
        __alert_analytics_row AS original,
        number,
        incident_state AS state,
        try_strptime(opened_at, getvariable('servicenow_format')) AS opened_at,
        try_strptime(nullif(resolved_at, '?'), getvariable('servicenow_format')) AS resolved_at,
        nullif(resolved_at, '?') AS resolved_text,
        try_strptime(sys_updated_at, getvariable('servicenow_format')) AS updated_at,
        try_cast(sys_mod_count AS BIGINT) AS change,
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
            WHEN coalesce(number, '?') = '?' THEN 'no number'
            WHEN updated_at IS NULL THEN 'sys_updated_at is no time of the expected format'
            WHEN opened_at IS NULL THEN 'opened_at is no time of the expected format'
            WHEN resolved_text IS NOT NULL AND resolved_at IS NULL
                THEN 'resolved_at is no time of the expected format'
            WHEN state IN (
                'New', 'Active', 'Awaiting User Info', 'Awaiting Vendor', 'Awaiting Problem', 'Awaiting Evidence',
                'On Hold', 'In Progress', 'Resolved', 'Closed', 'Canceled', 'Cancelled'
            ) THEN NULL
            ELSE concat('unknown incident_state ''', state, '''')
        END AS reason,
        state IN ('Resolved', 'Closed') AS is_over
    FROM read
),
ordered AS (
    SELECT
        *,
        -- how often the incident has left the run of Resolved and Closed: the last value names the current run
        sum((NOT is_over)::INTEGER) OVER changes AS run,
        row_number() OVER changes AS place
    FROM judged
    WHERE reason IS NULL
    WINDOW changes AS (
        PARTITION BY number
        -- what a log of minutes leaves open is settled by the row itself, never by its place in the file
        ORDER BY updated_at, change, is_over, state, team, assignee, rule, service, priority, labels, resolved_at
        ROWS UNBOUNDED PRECEDING
    )
),
latest AS (
    SELECT * FROM ordered
    QUALIFY row_number() OVER (PARTITION BY number ORDER BY place DESC) = 1
),
entered AS (
    SELECT number, run, min(updated_at) AS entered_at FROM ordered WHERE is_over GROUP BY number, run
),
acknowledged AS (
    SELECT number, min(updated_at) AS acknowledged_at
    FROM ordered
    WHERE state IN ('Active', 'In Progress') AND updated_at >= opened_at
    GROUP BY number
)
SELECT
    number AS fingerprint,
    rule,
    service,
    team,
    CASE left(priority, 1)
        WHEN '1' THEN 'critical' WHEN '2' THEN 'high' WHEN '3' THEN 'medium' WHEN '4' THEN 'low' WHEN '5' THEN 'info'
        ELSE priority
    END AS severity,
    opened_at AS fired_at,
    acknowledged_at,
    CASE WHEN is_over THEN coalesce(resolved_at, entered_at) END AS resolved_at,
    CASE WHEN state IN ('Canceled', 'Cancelled') THEN 'cancelled' END AS resolution,
    updated_at AS observed_at,
    reassignments,
    reopens,
    assignee,
    labels,
    line,
    original,
    NULL AS reason
FROM latest
LEFT JOIN entered USING (number, run)
LEFT JOIN acknowledged USING (number)
UNION ALL BY NAME
SELECT coalesce(number, '') AS fingerprint, rule, opened_at AS fired_at, line, original, reason
FROM judged
WHERE reason IS NOT NULL
