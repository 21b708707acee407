-- A row per series and bucket that had an alert, with the bucket's number counted from $origin.
WITH counted AS (
    SELECT
        series_fields,
        (epoch_us(fired_at) - epoch_us($origin::TIMESTAMP)) // $bucket_us AS bucket,
        count(*) AS n_alerts
    FROM alerts
    GROUP BY ALL
)
SELECT
    coalesce(to_json(series_fields) ->> '$.*', []) AS series,
    bucket,
    n_alerts
FROM counted
ORDER BY ALL
