-- A row per group and what alerts can share a cluster with, as resolution.sql hashes them: the group and its code, in
-- order, and the code of what is shared.
WITH seen AS (
    SELECT
        series_fields,
        tenant_id,
        cluster[1] AS label,
        CASE WHEN cluster[1] IS NULL THEN coalesce(service, rule) END AS origin
    FROM alerts
    GROUP BY ALL
),
named AS (
    SELECT *, coalesce(to_json(series_fields) ->> '$.*', []) AS series
    FROM seen
)
SELECT
    hash($salt::INTEGER, series_fields, tenant_id, label, origin) AS known,
    series,
    (dense_rank() OVER (ORDER BY series) - 1)::INTEGER AS group_code,
    dense_rank() OVER (ORDER BY tenant_id, label, origin) - 1 AS origin_code
FROM named
