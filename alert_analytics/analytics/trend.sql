-- A row per series and week that had an alert, with the week's number counted back from the end of the span
-- (0: the last seven days), so that every week but the earliest is whole. A week holds its first instant and not its
-- last; where an alert fired in the very last instant of the span, weeks hold their last and not their first.
WITH latest AS (
    SELECT greatest(epoch_us($span_end::TIMESTAMP), epoch_us(max(fired_at)) + 1) AS end_us
    FROM alerts
),
weekly AS (
    SELECT
        series_fields,
        (latest.end_us - 1 - epoch_us(fired_at)) // 604800000000 AS weeks_back,
        count(*) AS n_alerts
    FROM alerts, latest
    GROUP BY ALL
)
SELECT
    coalesce(to_json(series_fields) ->> '$.*', []) AS series,
    weeks_back,
    n_alerts
FROM weekly
ORDER BY ALL
