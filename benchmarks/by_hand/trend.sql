-- A row per service: its alerts, and the least-squares slope of its weekly counts as alerts a day, per day.
WITH bounds AS (
    SELECT min(fired_at) AS start, max(observed_at) AS watermark
    FROM alerts
),
weekly AS (
    SELECT service, (epoch_us(watermark) - epoch_us(fired_at)) // 604800000000 AS weeks_back, count(*) AS n
    FROM alerts
    CROSS JOIN bounds
    GROUP BY ALL
)
SELECT
    service,
    sum(n)::BIGINT AS n_alerts,
    regr_slope(n, -weeks_back) FILTER (
        weeks_back < (epoch_us(watermark) - epoch_us(start)) // 604800000000
    ) / 49 AS slope_per_day
FROM weekly
CROSS JOIN bounds
GROUP BY service
