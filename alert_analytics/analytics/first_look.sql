-- A row per item (a rule, or whatever is to be changed): its alerts, those that repeat it within the window of the one
-- before in the same tenant and service, and those that ended by themselves before anyone touched them.
WITH gaps AS (
    SELECT
        item,
        fired_at,
        acknowledged_at,
        resolved_at,
        resolution,
        epoch_us(fired_at)
        - epoch_us(lag(fired_at) OVER (PARTITION BY item, tenant_id, service ORDER BY fired_at)) AS gap_us
    FROM alerts
    WHERE item[1] IS NOT NULL
)
SELECT
    item[1] AS item,
    count(*) AS n_alerts,
    count(*) FILTER (gap_us <= $window_us) AS n_repeats,
    count(*) FILTER (
        resolution = 'automatic' AND acknowledged_at IS NULL AND epoch(resolved_at - fired_at) < $short_s
    ) AS n_unattended
FROM gaps
GROUP BY item
ORDER BY item
