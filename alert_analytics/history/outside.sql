-- A row per alert that fired in no window of its key. Windows of a key do not overlap, so that only the latest one begun
-- can hold an alert; a null end is yet to come.
SELECT plain.*
FROM plain
ASOF LEFT JOIN context
    ON plain.__alert_analytics_key = context.context_key
    AND plain.__alert_analytics_at >= context.begins
WHERE context.begins IS NULL OR plain.__alert_analytics_at >= context.ends
