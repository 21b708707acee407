-- A row per item in order of its name, with its alerts; last, under a null name, the alerts whose item or scope is
-- not known.
WITH counted AS (
    SELECT
        item_fields.k1 AS name,
        scope_fields,
        count(*) AS n
    FROM alerts
    GROUP BY ALL
)
SELECT
    CASE
        WHEN list_count(to_json(scope_fields) ->> '$.*') = len(to_json(scope_fields) ->> '$.*') THEN name
    END AS item,
    sum(n)::BIGINT AS n_alerts
FROM counted
GROUP BY ALL
ORDER BY item NULLS LAST
