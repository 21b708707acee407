-- A row per item and scope, by name, with the hash that correlation.sql has for it, its alerts, and the codes of both:
-- their places, from 0, in order of the names of all that are known. Item, scope and codes are null where the item or
-- part of the scope is not known.
WITH counted AS (
    SELECT
        item_fields.k1 AS name,
        scope_fields,
        count(*) AS n_alerts
    FROM alerts
    GROUP BY ALL
),
listed AS (
    SELECT
        *,
        to_json(scope_fields) ->> '$.*' AS parts,
        name IS NOT NULL AND list_count(parts) = len(parts) AS is_known
    FROM counted
)
SELECT
    hash($salt::INTEGER, name, scope_fields) AS known,
    CASE WHEN is_known THEN name END AS item,
    CASE WHEN is_known THEN parts END AS scope,
    CASE WHEN is_known THEN dense_rank() OVER (PARTITION BY is_known ORDER BY name) - 1 END::INTEGER AS item_code,
    CASE WHEN is_known THEN dense_rank() OVER (PARTITION BY is_known ORDER BY parts) - 1 END::INTEGER AS scope_code,
    n_alerts
FROM listed
ORDER BY item_code NULLS LAST, scope_code
