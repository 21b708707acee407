-- A row per alert whose item and scope are known: the codes of both, and fired_at in epoch microseconds, in order of
-- scope and time. An item's code is its place, from 0, in correlation_items.sql.
WITH known AS (
    SELECT item[1] AS item, scope, epoch_us(fired_at) AS time_us
    FROM alerts
    WHERE item[1] IS NOT NULL AND list_count(scope) = len(scope)
),
items AS (
    SELECT item, (row_number() OVER (ORDER BY item) - 1)::INTEGER AS item_code
    FROM (SELECT DISTINCT item FROM known)
),
scopes AS (
    SELECT scope, (row_number() OVER (ORDER BY scope) - 1)::INTEGER AS scope_code
    FROM (SELECT DISTINCT scope FROM known)
)
SELECT scope_code, item_code, time_us
FROM known
JOIN items USING (item)
JOIN scopes USING (scope)
ORDER BY scope_code, time_us
