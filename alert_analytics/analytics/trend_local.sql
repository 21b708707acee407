-- A row per series and bucket of the clock on the wall that had an alert, with the bucket's number counted from local
-- midnight $origin_s; -1 is all that lies outside the $n_buckets asked for. A zone's offset holds from $begins on, so an
-- hour that comes twice is one bucket.
WITH quarters AS (
    SELECT series, epoch_us(fired_at) // 900000000 * 900 AS at_s, count(*) AS n_alerts
    FROM alerts
    GROUP BY ALL
),
zone AS (
    SELECT unnest($begins::BIGINT[]) AS begins_s, unnest($offsets::BIGINT[]) AS offset_s
),
local AS (
    SELECT series, at_s + offset_s - $origin_s AS since_s, n_alerts
    FROM quarters ASOF LEFT JOIN zone ON at_s >= begins_s
)
SELECT
    series,
    CASE WHEN since_s >= 0 AND since_s < $bucket_s * $n_buckets THEN since_s // $bucket_s ELSE -1 END AS bucket,
    sum(n_alerts)::BIGINT AS n_alerts
FROM local
GROUP BY ALL
ORDER BY ALL
