-- One row: what became of the rows and events of a batch, counted in alerts.
WITH changed AS (
    SELECT timeline, fired_at FROM (
        SELECT * EXCLUDE (ingested_at) FROM before SEMI JOIN refolded USING (timeline, fired_at)
        EXCEPT
        SELECT * EXCLUDE (alert_id, ingested_at) FROM refolded
    )
),
fates AS (
    SELECT
        n_tellings,
        (timeline, fired_at) IN (SELECT (timeline, fired_at) FROM before) AS is_known,
        (timeline, fired_at) IN (SELECT (timeline, fired_at) FROM changed) AS is_changed
    FROM told
    WHERE fired_at IS NOT NULL
),
counted AS (
    SELECT
        count(*) FILTER (NOT is_known) AS n_new,
        count(*) FILTER (is_known AND is_changed) AS n_updated,
        count(*) FILTER (is_known AND NOT is_changed) + coalesce(sum(n_tellings - 1), 0) AS n_duplicate
    FROM fates
),
single AS (
    SELECT count(*) AS n_new
    FROM staged
    ANTI JOIN (FROM touched WHERE fired_at IS NULL) AS whole USING (timeline)
    ANTI JOIN repeated USING (timeline, kind, happened_at)
    WHERE reason IS NULL
),
refused AS (
    SELECT count(*) AS n_quarantined FROM staged WHERE reason IS NOT NULL
),
waiting AS (
    SELECT coalesce(sum(n_events), 0) AS n_waiting FROM told WHERE fired_at IS NULL
)
SELECT
    counted.n_new + single.n_new + n_updated + n_duplicate + n_quarantined AS n_read,
    counted.n_new + single.n_new AS n_new,
    n_updated,
    n_duplicate,
    n_quarantined,
    n_waiting
FROM counted CROSS JOIN single CROSS JOIN refused CROSS JOIN waiting
