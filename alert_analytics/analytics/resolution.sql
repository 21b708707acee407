-- A row per alert: the code of its group (in the order of resolution_groups.sql), the code of its cluster, for how long
-- it was seen open in microseconds, and whether it was resolved by the watermark.
-- Its cluster is what the key `cluster` names; where that is null, its service (or rule, without a service) and day.
WITH timed AS (
    SELECT
        series,
        tenant_id,
        cluster[1] AS label,
        CASE WHEN cluster[1] IS NULL THEN coalesce(service, rule) END AS origin,
        CASE WHEN cluster[1] IS NULL THEN fired_at::DATE END AS day,
        fired_at,
        -- What is resolved later was still open when last seen.
        coalesce(resolved_at <= $watermark::TIMESTAMP, false) AS resolved,
        least(coalesce(resolved_at, $watermark::TIMESTAMP), $watermark::TIMESTAMP) AS seen_until
    FROM alerts
),
groups AS (
    SELECT
        series,
        (row_number() OVER (ORDER BY series) - 1)::INTEGER AS group_code
    FROM (SELECT DISTINCT series FROM timed)
),
clusters AS (
    SELECT
        *,
        (row_number() OVER () - 1)::INTEGER AS cluster_code
    FROM (SELECT DISTINCT tenant_id, label, origin, day FROM timed)
)
SELECT
    groups.group_code,
    clusters.cluster_code,
    greatest(epoch_us(timed.seen_until) - epoch_us(timed.fired_at), 0) AS duration_us,
    timed.resolved
FROM timed
JOIN groups ON groups.series IS NOT DISTINCT FROM timed.series
JOIN clusters
    ON clusters.tenant_id IS NOT DISTINCT FROM timed.tenant_id
    AND clusters.label IS NOT DISTINCT FROM timed.label
    AND clusters.origin IS NOT DISTINCT FROM timed.origin
    AND clusters.day IS NOT DISTINCT FROM timed.day
