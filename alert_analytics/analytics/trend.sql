-- A row per series and week that had an alert, with the week's number counted back from the end of the span
-- (0: the last seven days), so that every week but the earliest is whole.
SELECT
    series,
    (epoch_us($span_end::TIMESTAMP) - epoch_us(fired_at)) // 604800000000 AS weeks_back,
    count(*) AS n_alerts
FROM alerts
GROUP BY ALL
ORDER BY ALL
