-- A row per day that had an alert, counted back from the end of the range (0: the last 24 hours), itself outside.
SELECT
    (epoch_us($range_end::TIMESTAMP) - 1 - epoch_us(fired_at)) // 86400000000 AS days_back,
    count(*) AS n_alerts
FROM alerts
GROUP BY ALL
ORDER BY ALL
