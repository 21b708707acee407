-- One row: what becomes of the rows of a batch.
WITH fates AS (
    SELECT
        count(*) FILTER (fate = 'new') AS n_new,
        count(*) FILTER (fate = 'updated') AS n_updated,
        count(*) FILTER (fate = 'duplicate') AS n_duplicate,
        count(*) AS n_incoming
    FROM incoming
),
read AS (
    SELECT count(*) AS n_read, count(reason) AS n_quarantined FROM staged
)
SELECT
    n_read,
    n_new,
    n_updated,
    -- repeats inside the batch are duplicates too
    n_duplicate + (n_read - n_quarantined - n_incoming) AS n_duplicate,
    n_quarantined
FROM fates CROSS JOIN read
