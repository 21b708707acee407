-- A row per way that alerts were handed on: from whom ($of: assignee or team; null where nobody is named before), to whom
-- (null where the event does not say), by which kind of event, how often, the median time since the alert fired, and who
-- the assignees before and after were: numbers, a list each.
-- An event belongs to the alert of its timeline that fired last by then and had not ended.
WITH told AS (
    SELECT
        tenant_id,
        source,
        fingerprint,
        kind,
        happened_at,
        observed_at,
        sequence,
        CASE WHEN $of = 'team' THEN team ELSE assignee END AS holder,
        CASE WHEN assignee IS NOT NULL THEN dense_rank() OVER (ORDER BY tenant_id, assignee) END::BIGINT AS person
    FROM events
),
placed AS (
    SELECT told.*, alerts.alert_id, alerts.fired_at
    FROM told ASOF JOIN alerts
        ON told.tenant_id = alerts.tenant_id
        AND told.source = alerts.source
        AND told.fingerprint = alerts.fingerprint
        AND told.happened_at >= alerts.fired_at
    WHERE alerts.resolved_at IS NULL OR told.happened_at <= alerts.resolved_at
),
handed AS (
    SELECT
        kind,
        happened_at,
        fired_at,
        holder,
        person,
        lag(holder IGNORE NULLS) OVER in_turn AS before,
        lag(person IGNORE NULLS) OVER in_turn AS person_before
    FROM placed
    WINDOW in_turn AS (PARTITION BY tenant_id, alert_id ORDER BY happened_at, observed_at, sequence, kind, holder)
)
SELECT
    before AS from_whom,
    holder AS to_whom,
    kind,
    count(*) AS n_handed,
    median(epoch(happened_at - fired_at)) AS median_s,
    list(DISTINCT person_before) FILTER (WHERE person_before IS NOT NULL) AS from_people,
    list(DISTINCT person) FILTER (WHERE person IS NOT NULL) AS to_people
FROM handed
WHERE
    coalesce(holder <> before, false)
    OR (kind IN ('reassign', 'escalate') AND (holder IS NULL OR before IS NULL))
    OR (kind = 'escalate' AND holder = before)
GROUP BY ALL
ORDER BY n_handed DESC, from_whom, to_whom, kind
