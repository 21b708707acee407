-- A row per alert with its incident: a hash of its tenant, its group (__alert_analytics_key) and when the incident
-- began. It begins where the alert before it in the group fired more than __alert_analytics_gap_us earlier.
WITH spaced AS (
    SELECT
        *,
        epoch_us(fired_at) - epoch_us(lag(fired_at) OVER before) <= __alert_analytics_gap_us AS goes_on
    FROM plain
    WINDOW before AS (PARTITION BY tenant_id, __alert_analytics_key ORDER BY fired_at)
),
begun AS (
    SELECT
        *,
        max(CASE WHEN goes_on IS NOT TRUE THEN fired_at END) OVER (
            PARTITION BY tenant_id, __alert_analytics_key
            ORDER BY fired_at
        ) AS begun_at
    FROM spaced
)
SELECT
    * EXCLUDE (goes_on, begun_at),
    md5(to_json([tenant_id, to_json(__alert_analytics_key)::VARCHAR, epoch_us(begun_at)::VARCHAR])) AS __alert_analytics_incident
FROM begun
