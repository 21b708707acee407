-- A row per alert, with the columns of the row of the table that has its key and counts at its time; null where no row
-- does.
SELECT plain.*, context.* EXCLUDE (context_key, begins)
FROM plain
ASOF LEFT JOIN context
    ON plain.__alert_analytics_key = context.context_key
    AND plain.__alert_analytics_at >= context.begins
