-- The alerts of one history, copy after copy: each begins where the one before ends, so that alerts come as densely.
WITH span AS (
    SELECT max(observed_at) - min(fired_at) AS width FROM once
)
SELECT
    once.* REPLACE (
        concat(alert_id, '-', copy) AS alert_id,
        fired_at - copy * width AS fired_at,
        acknowledged_at - copy * width AS acknowledged_at,
        resolved_at - copy * width AS resolved_at,
        observed_at - copy * width AS observed_at
    )
FROM once, span, range($n_copies::BIGINT) AS copies(copy)
