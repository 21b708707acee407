-- A row per severity: the median of the times to resolve of what is resolved. What people compute, and too short.
SELECT severity, quantile_disc(epoch_us(resolved_at) - epoch_us(fired_at), 0.5) / 1e6 AS resolved_only_median_s
FROM alerts
WHERE resolved_at IS NOT NULL
GROUP BY severity
