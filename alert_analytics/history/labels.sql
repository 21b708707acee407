-- A row per label that any alert carries.
SELECT DISTINCT unnest(map_keys(labels)) AS label
FROM alerts
ORDER BY label
