-- A row per severity: the Kaplan-Meier median of its times to resolve, open alerts censored at the watermark.
WITH bounds AS (
    SELECT max(observed_at) AS watermark
    FROM alerts
),
steps AS (
    SELECT
        severity,
        epoch_us(coalesce(resolved_at, watermark)) - epoch_us(fired_at) AS duration_us,
        count(*) AS n,
        count(resolved_at) AS n_resolved
    FROM alerts
    CROSS JOIN bounds
    GROUP BY ALL
),
at_risk AS (
    SELECT *, sum(n) OVER (PARTITION BY severity ORDER BY duration_us DESC) AS n_at_risk
    FROM steps
),
curve AS (
    SELECT
        severity,
        duration_us,
        sum(CASE WHEN n_resolved < n_at_risk THEN ln(1 - n_resolved / n_at_risk) ELSE -1e9 END) OVER (
            PARTITION BY severity ORDER BY duration_us
        ) AS log_survival
    FROM at_risk
)
SELECT severity, min(duration_us) / 1e6 AS median_s
FROM curve
WHERE log_survival <= ln(0.5) + 1e-12
GROUP BY severity
