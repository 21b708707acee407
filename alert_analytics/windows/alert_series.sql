-- A row per series with an alert fired before the grid's end: the number of the bucket in which it begins, the first
-- one where the series is older than the grid.
SELECT
    series,
    greatest(0, (min(epoch_us(fired_at)) - $start_us) // $every_us) AS first_bucket
FROM alerts
WHERE epoch_us(fired_at) < $end_us
GROUP BY series
ORDER BY series
