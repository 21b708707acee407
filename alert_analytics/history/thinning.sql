-- At most one row: the day from which on the history holds next to nothing, though it goes on for long: an export
-- that was cut by date, or a feed that stopped. A day counts while it has a quarter of the usual day's alerts.
WITH days AS (
    SELECT date_trunc('day', fired_at) AS day, count(*) AS n_alerts FROM alerts GROUP BY day
),
bulk AS (
    SELECT quantile_disc(fired_at, 0.98) AS until, min(fired_at) AS since FROM alerts
),
usual AS (
    SELECT median(n_alerts) AS n_alerts FROM days CROSS JOIN bulk WHERE day <= bulk.until
),
last_dense AS (
    SELECT max(day) + INTERVAL 1 DAY AS thin_from
    FROM days CROSS JOIN usual
    WHERE days.n_alerts >= usual.n_alerts / 4
),
after AS (
    SELECT thin_from, count(*) AS n_after
    FROM alerts CROSS JOIN last_dense
    WHERE fired_at >= thin_from
    GROUP BY thin_from
)
SELECT thin_from, n_after
FROM after CROSS JOIN bulk
WHERE $span_end::TIMESTAMP - thin_from > INTERVAL 14 DAY
    AND epoch($span_end::TIMESTAMP - thin_from) > 0.2 * epoch(thin_from - since)
