-- A row per alert, in the order of its condition (what can fire again: tenant, source and the key `condition`) and of
-- its firing: the code of its group (in the order of resolution_groups.sql), of its cluster, of its condition, and of
-- its incident (null where it has none), of its source (one of a tenant); when it fired and ended, in microseconds; and
-- what became of it by the watermark, how it ended as actions.py has it. Clusters are those of resolution.sql.
WITH told AS (
    SELECT
        series,
        tenant_id,
        source,
        condition,
        cluster[1] AS label,
        CASE WHEN cluster[1] IS NULL THEN coalesce(service, rule) END AS origin,
        CASE WHEN cluster[1] IS NULL THEN fired_at::DATE END AS day,
        incident[1] AS incident,
        alert_id,
        epoch_us(fired_at) AS fired_us,
        coalesce(resolved_at <= $watermark::TIMESTAMP, false) AS is_over,
        coalesce(acknowledged_at <= $watermark::TIMESTAMP, false) AS is_acknowledged,
        least(coalesce(resolved_at, $watermark::TIMESTAMP), $watermark::TIMESTAMP) AS ended_at,
        acknowledged_at,
        CASE resolution WHEN 'automatic' THEN 1 WHEN 'manual' THEN 2 ELSE CASE WHEN resolution IS NULL THEN 0 ELSE 3 END
        END AS ending,
        occurrences
    FROM alerts
),
groups AS (
    SELECT
        series,
        (row_number() OVER (ORDER BY series) - 1)::BIGINT AS group_code
    FROM (SELECT DISTINCT series FROM told)
),
clusters AS (
    SELECT
        *,
        (row_number() OVER () - 1)::BIGINT AS cluster_code
    FROM (SELECT DISTINCT tenant_id, label, origin, day FROM told)
),
conditions AS (
    SELECT
        *,
        (row_number() OVER () - 1)::BIGINT AS condition_code,
        (dense_rank() OVER (ORDER BY tenant_id, source) - 1)::INTEGER AS source_code
    FROM (SELECT DISTINCT tenant_id, source, condition FROM told)
),
incidents AS (
    SELECT
        *,
        (row_number() OVER () - 1)::BIGINT AS incident_code
    FROM (SELECT DISTINCT tenant_id, incident FROM told WHERE incident IS NOT NULL)
)
SELECT
    groups.group_code,
    clusters.cluster_code,
    conditions.condition_code,
    coalesce(incidents.incident_code, -1) AS incident_code,
    conditions.source_code,
    told.fired_us,
    greatest(epoch_us(told.ended_at), told.fired_us) AS end_us,
    CASE
        WHEN told.is_acknowledged THEN greatest(epoch_us(told.acknowledged_at), told.fired_us) ELSE -1
    END AS acknowledged_us,
    told.is_over,
    told.is_acknowledged,
    CASE WHEN told.is_over THEN told.ending ELSE 0 END::TINYINT AS ending,
    coalesce(told.occurrences, 1)::DOUBLE AS occurrences
FROM told
JOIN groups ON groups.series IS NOT DISTINCT FROM told.series
JOIN clusters
    ON clusters.tenant_id IS NOT DISTINCT FROM told.tenant_id
    AND clusters.label IS NOT DISTINCT FROM told.label
    AND clusters.origin IS NOT DISTINCT FROM told.origin
    AND clusters.day IS NOT DISTINCT FROM told.day
JOIN conditions
    ON conditions.tenant_id IS NOT DISTINCT FROM told.tenant_id
    AND conditions.source IS NOT DISTINCT FROM told.source
    AND conditions.condition IS NOT DISTINCT FROM told.condition
LEFT JOIN incidents ON incidents.tenant_id IS NOT DISTINCT FROM told.tenant_id AND incidents.incident = told.incident
ORDER BY conditions.condition_code, told.fired_us, told.alert_id
