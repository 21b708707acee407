-- A row per alert in order of time: its id, rule, service and severity, when it fired, and for how many microseconds
-- after that nobody had answered: until it was acknowledged or resolved, else until the watermark; and what ended that
-- (acknowledged, resolved, open).
WITH told AS (
    SELECT
        *,
        CASE WHEN acknowledged_at <= $watermark::TIMESTAMP THEN acknowledged_at END AS acknowledged_by,
        CASE WHEN resolved_at <= $watermark::TIMESTAMP THEN resolved_at END AS resolved_by
    FROM alerts
)
SELECT
    tenant_id,
    alert_id,
    rule,
    service,
    severity,
    epoch_us(fired_at) AS fired_us,
    greatest(
        epoch_us(least(acknowledged_by, resolved_by, $watermark::TIMESTAMP)) - epoch_us(fired_at), 0
    ) AS unanswered_us,
    greatest(epoch_us($watermark::TIMESTAMP) - epoch_us(fired_at), 0) AS watched_us,
    CASE
        WHEN acknowledged_by <= coalesce(resolved_by, acknowledged_by) THEN 'acknowledged'
        WHEN resolved_by IS NOT NULL THEN 'resolved'
        ELSE 'open'
    END AS answer
FROM told
ORDER BY fired_at, tenant_id, alert_id
