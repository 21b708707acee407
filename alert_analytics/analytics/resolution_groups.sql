-- A row per group, in the order in which resolution.sql numbers them.
WITH seen AS (
    SELECT series_fields
    FROM alerts
    GROUP BY series_fields
)
SELECT coalesce(to_json(series_fields) ->> '$.*', []) AS series
FROM seen
ORDER BY series
