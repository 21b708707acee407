-- A row per alert, with the columns of the row of the table that has its key; null where no row has. Keys are unique.
SELECT plain.*, context.* EXCLUDE (context_key, begins)
FROM plain
LEFT JOIN context ON plain.__alert_analytics_key = context.context_key
