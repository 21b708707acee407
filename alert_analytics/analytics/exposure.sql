-- A row per series, cell (what maintenance windows depend on) and day that had an alert, with the day's number counted
-- back from the end of the span, as weeks are in trend.sql.
WITH latest AS (
    SELECT greatest(epoch_us($span_end::TIMESTAMP), max(epoch_us(fired_at)) + 1) AS end_us
    FROM alerts
)
SELECT
    series,
    cell,
    (end_us - 1 - epoch_us(fired_at)) // 86400000000 AS days_back,
    count(*) AS n_alerts
FROM alerts, latest
GROUP BY ALL
ORDER BY ALL
