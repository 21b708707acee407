-- A row per alert: the hash of its group and of what it can share a cluster with (resolution_clusters.sql has the codes
-- of both), its day there (the least number where what it shares is no matter of days), for how long it was seen open in
-- microseconds, and whether it was resolved by the watermark. A hash costs a fraction of a join that finds the codes.
-- Its cluster is what the key `cluster` names; where that is null, its service (or rule, without a service) and day.
WITH timed AS NOT MATERIALIZED (
    SELECT
        series_fields,
        tenant_id,
        cluster[1] AS label,
        CASE WHEN cluster[1] IS NULL THEN coalesce(service, rule) END AS origin,
        fired_at,
        -- What is resolved later was still open when last seen.
        coalesce(resolved_at <= $watermark::TIMESTAMP, false) AS resolved,
        least(coalesce(resolved_at, $watermark::TIMESTAMP), $watermark::TIMESTAMP) AS seen_until
    FROM alerts
)
SELECT
    hash($salt::INTEGER, series_fields, tenant_id, label, origin) AS known,
    CASE WHEN label IS NULL THEN (fired_at::DATE - DATE '1970-01-01')::INTEGER ELSE -2147483648 END AS day,
    greatest(epoch_us(seen_until) - epoch_us(fired_at), 0) AS duration_us,
    resolved
FROM timed
