-- The timelines in which folding what stayed does not give the alerts that were to stay.
WITH made AS (
    SELECT alert.* EXCLUDE (ingested_at)
    FROM (FROM store.plain UNION ALL BY NAME FROM store.folded) AS alert
    WHERE timeline IN (SELECT timeline FROM kept)
),
wanted AS (
    SELECT * EXCLUDE (ingested_at) FROM kept
)
SELECT DISTINCT timeline
FROM ((FROM made EXCEPT FROM wanted) UNION ALL (FROM wanted EXCEPT FROM made))
