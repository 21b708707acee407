-- A row per group, in the order in which resolution.sql numbers them.
SELECT DISTINCT series
FROM alerts
ORDER BY series
