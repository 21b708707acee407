-- A row per series and week that had an alert, with the week's number counted back from the end of the span
-- (0: the last seven days), so that every week but the earliest is whole. A week holds its first instant and not its
-- last; where an alert fired in the very last instant of the span, weeks hold their last and not their first.
WITH latest AS (
    SELECT greatest(epoch_us($span_end::TIMESTAMP), max(epoch_us(fired_at)) + 1) AS end_us
    FROM alerts
)
SELECT
    series,
    (end_us - 1 - epoch_us(fired_at)) // 604800000000 AS weeks_back,
    count(*) AS n_alerts
FROM alerts, latest
GROUP BY ALL
ORDER BY ALL
