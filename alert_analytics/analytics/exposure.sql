-- A row per series, cell (what maintenance windows depend on) and day that had an alert, with the day's number counted
-- back from the end of the span, as weeks are in trend.sql.
WITH latest AS (
    SELECT greatest(epoch_us($span_end::TIMESTAMP), epoch_us(max(fired_at)) + 1) AS end_us
    FROM alerts
),
daily AS (
    SELECT
        series_fields,
        cell_fields,
        (latest.end_us - 1 - epoch_us(fired_at)) // 86400000000 AS days_back,
        count(*) AS n_alerts
    FROM alerts, latest
    GROUP BY ALL
)
SELECT
    coalesce(to_json(series_fields) ->> '$.*', []) AS series,
    coalesce(to_json(cell_fields) ->> '$.*', []) AS cell,
    days_back,
    n_alerts
FROM daily
ORDER BY ALL
