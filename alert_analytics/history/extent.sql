-- One row: how many alerts, when the first fired, and the largest time observed.
SELECT
    count(*) AS n_alerts,
    min(fired_at) AS first_fired_at,
    greatest(max(fired_at), max(acknowledged_at), max(resolved_at), max(observed_at)) AS last_observed
FROM alerts
