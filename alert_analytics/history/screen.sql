-- One row: whether every row of a table is sound, asked in ways that cost a fraction of judging them row by row, and the
-- table's extent as extent.sql gives it. Where is_sound is false some row may be refused; canonical.sql says which.
-- Each question reads as few columns as it can: smallest and largest times stand in the statistics of a Parquet file,
-- and words are compared once per entry of a dictionary.
WITH bounds AS (
    SELECT
        count(*) AS n_alerts,
        min(fired_at) AS first_fired_at,
        greatest(max(fired_at), max(acknowledged_at), max(resolved_at), max(observed_at)) AS last_observed,
        coalesce(
            least(min(fired_at), min(observed_at)) >= TIMESTAMP '0001-01-01'
            AND last_observed <= (now() AT TIME ZONE 'UTC')::TIMESTAMP + INTERVAL 1 DAY,
            false
        ) AS is_possible
    FROM given
)
SELECT
    n_alerts,
    -- Times that are refused may be none that Python can hold.
    CASE WHEN is_possible THEN first_fired_at END AS first_fired_at,
    CASE WHEN is_possible THEN last_observed END AS last_observed,
    n_alerts = 0 OR (
        is_possible
        AND NOT EXISTS (
            SELECT 1
            FROM given
            WHERE NOT list_contains(['info', 'low', 'medium', 'high', 'critical', ''], lower(trim(severity)))
        )
        AND NOT EXISTS (
            SELECT 1
            FROM given
            WHERE NOT list_contains(['firing', 'acknowledged', 'resolved', 'suppressed', ''], lower(trim(status)))
        )
        AND NOT EXISTS (
            SELECT 1
            FROM given
            WHERE NOT list_contains(['manual', 'automatic', 'expired', 'cancelled', ''], lower(trim(resolution)))
        )
        AND NOT EXISTS (
            SELECT 1
            FROM given
            WHERE
                fired_at IS NULL
                OR resolved_at < fired_at
                OR acknowledged_at < fired_at
                OR (resolved_at IS NULL AND lower(trim(status)) = 'resolved')
                OR reason IS NOT NULL
                OR kind <> 'row'
        )
    ) AS is_sound
FROM bounds
