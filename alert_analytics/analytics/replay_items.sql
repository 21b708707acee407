-- A row per item in order of its name, with its alerts; last, under a null name, the alerts that have none.
SELECT item[1] AS item, count(*) AS n_alerts
FROM alerts
GROUP BY item[1]
ORDER BY item NULLS LAST
