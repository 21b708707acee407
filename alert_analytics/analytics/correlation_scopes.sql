-- A row per scope in order of its code: the scope of an alert is the list of what it has in the columns asked for.
SELECT DISTINCT scope
FROM alerts
WHERE item[1] IS NOT NULL AND list_count(scope) = len(scope)
ORDER BY scope
