-- A row per series and bucket that had an alert, with the bucket's number counted from $origin.
SELECT
    series,
    (epoch_us(fired_at) - epoch_us($origin::TIMESTAMP)) // $bucket_us AS bucket,
    count(*) AS n_alerts
FROM alerts
GROUP BY ALL
ORDER BY ALL
