-- A row per stretch without an alert that is far longer than what is usual in this history, longest first.
WITH hours AS (
    SELECT DISTINCT floor(epoch(fired_at) / 3600) AS hour FROM alerts
),
between_hours AS (
    SELECT lag(hour) OVER (ORDER BY hour) AS before, hour, hour - lag(hour) OVER (ORDER BY hour) - 1 AS n_hours
    FROM hours
),
usual AS (
    SELECT quantile_disc(n_hours, 0.99) AS n_hours FROM between_hours WHERE before IS NOT NULL
)
SELECT
    make_timestamp(((before + 1) * 3600000000)::BIGINT) AS gap_start,
    make_timestamp((hour * 3600000000)::BIGINT) AS gap_end,
    between_hours.n_hours
FROM between_hours CROSS JOIN usual
WHERE between_hours.n_hours >= greatest(24, 5 * usual.n_hours)
ORDER BY between_hours.n_hours DESC, gap_start
LIMIT 5
