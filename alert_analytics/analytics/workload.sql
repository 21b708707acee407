-- A row per alert, in the order of its responder (of one tenant; the order of workload_responders.sql) and of its
-- firing: the code of its group (in the order of resolution_groups.sql), of its responder and of its person (-1 where
-- none is named), when it fired, was acknowledged and ended as far as the watermark (microseconds), and how often it was
-- handed on (null where the source does not say).
WITH told AS (
    SELECT
        series,
        tenant_id,
        responder,
        assignee,
        alert_id,
        epoch_us(fired_at) AS fired_us,
        coalesce(resolved_at <= $watermark::TIMESTAMP, false) AS is_over,
        coalesce(acknowledged_at <= $watermark::TIMESTAMP, false) AS is_acknowledged,
        least(coalesce(resolved_at, $watermark::TIMESTAMP), $watermark::TIMESTAMP) AS ended_at,
        acknowledged_at,
        reassignments,
        escalations
    FROM alerts
),
groups AS (
    SELECT
        series,
        (row_number() OVER (ORDER BY series) - 1)::BIGINT AS group_code
    FROM (SELECT DISTINCT series FROM told)
),
responders AS (
    SELECT
        *,
        (row_number() OVER (ORDER BY tenant_id, responder) - 1)::BIGINT AS responder_code
    FROM (SELECT DISTINCT tenant_id, responder FROM told WHERE responder[1] IS NOT NULL)
),
persons AS (
    SELECT
        *,
        (row_number() OVER () - 1)::BIGINT AS person_code
    FROM (SELECT DISTINCT tenant_id, assignee FROM told WHERE assignee IS NOT NULL)
)
SELECT
    groups.group_code,
    coalesce(responders.responder_code, -1) AS responder_code,
    coalesce(persons.person_code, -1) AS person_code,
    told.fired_us,
    greatest(epoch_us(told.ended_at), told.fired_us) AS end_us,
    CASE
        WHEN told.is_acknowledged THEN greatest(epoch_us(told.acknowledged_at), told.fired_us) ELSE -1
    END AS acknowledged_us,
    told.is_acknowledged,
    told.reassignments::DOUBLE AS reassignments,
    told.escalations::DOUBLE AS escalations
FROM told
JOIN groups ON groups.series IS NOT DISTINCT FROM told.series
LEFT JOIN responders
    ON responders.tenant_id IS NOT DISTINCT FROM told.tenant_id AND responders.responder = told.responder
LEFT JOIN persons ON persons.tenant_id IS NOT DISTINCT FROM told.tenant_id AND persons.assignee = told.assignee
ORDER BY responder_code, told.fired_us, told.alert_id
