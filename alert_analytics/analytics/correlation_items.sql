-- A row per item in order of its name, with its alerts; last, under a null name, the alerts whose item or scope is
-- not known.
SELECT
    CASE WHEN list_count(scope) = len(scope) THEN item[1] END AS item,
    count(*) AS n_alerts
FROM alerts
GROUP BY ALL
ORDER BY item NULLS LAST
