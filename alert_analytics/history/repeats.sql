-- One row: how many rows tell of an alert that another row tells of too.
SELECT count(*) - count(DISTINCT alert_id) AS n_repeats
FROM alerts
