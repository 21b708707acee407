-- A row per alert whose item and scope are known: the codes of both, and fired_at in epoch microseconds, in any order.
-- An item's code is its place, from 0, in correlation_items.sql.
WITH seen AS MATERIALIZED (
    SELECT
        item_fields.k1 AS item_known,
        scope_fields AS scope_known,
        count(*) AS n
    FROM alerts
    GROUP BY ALL
),
known AS (
    SELECT item_known, scope_known
    FROM seen
    -- What asks for the count is asked of each item and scope, else the database asks it of every alert.
    WHERE CASE
        WHEN n > 0
            THEN item_known IS NOT NULL
            AND list_count(to_json(scope_known) ->> '$.*') = len(to_json(scope_known) ->> '$.*')
    END
),
items AS (
    SELECT item_known, (row_number() OVER (ORDER BY item_known) - 1)::INTEGER AS item_code
    FROM (SELECT DISTINCT item_known FROM known)
),
scopes AS (
    SELECT scope_known, (row_number() OVER (ORDER BY scope_known) - 1)::INTEGER AS scope_code
    FROM (SELECT DISTINCT scope_known FROM known)
)
SELECT scopes.scope_code, items.item_code, epoch_us(alerts.fired_at) AS time_us
FROM alerts
JOIN items ON items.item_known = alerts.item_fields.k1
JOIN scopes ON scopes.scope_known = alerts.scope_fields
