-- A row per alert: the code of its group (in the order of resolution_groups.sql), the code of its cluster, for how long
-- it was seen open in microseconds, and whether it was resolved by the watermark.
-- Its cluster is what the key `cluster` names; where that is null, its service (or rule, without a service) and day.
WITH days AS (
    SELECT
        min(fired_at)::DATE AS first_day,
        max(fired_at)::DATE - min(fired_at)::DATE + 1 AS n_days
    FROM alerts
),
timed AS NOT MATERIALIZED (
    SELECT
        series_fields,
        {
            'tenant': tenant_id,
            'label': cluster[1],
            'origin': CASE WHEN cluster[1] IS NULL THEN coalesce(service, rule) END
        } AS origin,
        CASE WHEN cluster[1] IS NULL THEN fired_at::DATE END AS day,
        fired_at,
        -- What is resolved later was still open when last seen.
        coalesce(resolved_at <= $watermark::TIMESTAMP, false) AS resolved,
        least(coalesce(resolved_at, $watermark::TIMESTAMP), $watermark::TIMESTAMP) AS seen_until
    FROM alerts
),
series AS (
    SELECT series_fields AS known
    FROM timed
    GROUP BY series_fields
),
groups AS (
    SELECT
        known,
        (row_number() OVER (ORDER BY coalesce(to_json(known) ->> '$.*', [])) - 1)::INTEGER AS group_code
    FROM series
),
origins AS (
    SELECT
        origin,
        row_number() OVER () - 1 AS origin_code
    FROM (SELECT DISTINCT origin FROM timed)
)
SELECT
    groups.group_code,
    origins.origin_code * days.n_days + coalesce(timed.day - days.first_day, 0) AS cluster_code,
    greatest(epoch_us(timed.seen_until) - epoch_us(timed.fired_at), 0) AS duration_us,
    timed.resolved
FROM timed
CROSS JOIN days
JOIN groups ON groups.known IS NOT DISTINCT FROM timed.series_fields
JOIN origins ON origins.origin = timed.origin
