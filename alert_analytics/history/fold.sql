-- A row per alert: its times from the fold, of each attribute the latest that its events say.
WITH members AS (
    SELECT taken.*, alert_of.alert
    FROM taken INNER JOIN alert_of USING (place)
    WHERE alert_of.alert >= 0
),
said AS (
    SELECT
        alert,
        any_value(timeline) AS timeline,
        any_value(tenant_id) AS tenant_id,
        any_value(source) AS source,
        any_value(fingerprint) AS fingerprint,
        arg_max(alert_id, place) AS alert_id,
        arg_max(origin, place) AS origin,
        -- what a row does not say stands in it as 'unknown' and as no labels
        arg_max(rule, place) FILTER (kind <> 'row' OR rule <> 'unknown') AS rule,
        arg_max(service, place) AS service,
        arg_max(team, place) AS team,
        arg_max(severity, place) AS severity,
        arg_max(message, place) AS message,
        arg_max(resolution, place) AS resolution,
        arg_max(assignee, place) AS assignee,
        arg_max("value", place) AS "value",
        arg_max(labels, place) FILTER (kind <> 'row' OR cardinality(labels) > 0) AS labels,
        arg_max(metadata, place) AS metadata,
        max(observed_at) AS observed_at,
        max(ingested_at) AS ingested_at,
        max(occurrences) AS occurrences,
        max(occurrences) FILTER (kind <> 'row') AS kept_occurrences,
        greatest(max(escalations), nullif(count(*) FILTER (kind = 'escalate'), 0)) AS escalations,
        greatest(max(reassignments), nullif(count(*) FILTER (kind = 'reassign'), 0)) AS reassignments,
        max(reopens) AS reopens,
        greatest(max(notifications), nullif(count(*) FILTER (kind = 'notify'), 0)) AS notifications
    FROM members
    GROUP BY alert
)
SELECT
    timeline,
    tenant_id,
    coalesce(
        alert_id, md5(to_json([tenant_id, source, fingerprint, epoch_us(times.fired_at)::VARCHAR]))
    ) AS alert_id,
    source,
    origin,
    fingerprint,
    coalesce(rule, 'unknown') AS rule,
    service,
    team,
    severity,
    CASE
        WHEN times.is_suppressed THEN 'suppressed'
        WHEN times.resolved_at IS NOT NULL THEN 'resolved'
        WHEN times.acknowledged_at IS NOT NULL THEN 'acknowledged'
        ELSE 'firing'
    END AS status,
    message,
    times.fired_at,
    times.acknowledged_at,
    times.resolved_at,
    CASE WHEN times.resolved_at IS NOT NULL THEN resolution END AS resolution,
    observed_at,
    ingested_at,
    -- A source that keeps the total itself knows better than a count of what it told; a row says 1 unless it says more.
    coalesce(said.kept_occurrences, greatest(said.occurrences, times.occurrences)) AS occurrences,
    escalations,
    reassignments,
    greatest(said.reopens, nullif(times.reopens, 0)) AS reopens,
    notifications,
    assignee,
    "value",
    coalesce(labels, MAP {}) AS labels,
    metadata
FROM said INNER JOIN times USING (alert)
