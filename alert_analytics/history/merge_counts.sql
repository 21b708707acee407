-- One row: what became of the rows and events of a batch, counted in alerts. A row tells of its alert each time anew; the
-- events that are no rows tell of an alert once, however many they are.
WITH sound AS (
    SELECT
        timeline, kind, happened_at, CASE WHEN kind <> 'row' THEN observed_at END AS observed_at,
        CASE WHEN kind <> 'row' THEN fired_at END AS claimed_at, CASE WHEN kind <> 'row' THEN sequence END AS sequence
    FROM staged
    WHERE reason IS NULL
),
whole AS (
    SELECT timeline FROM touched WHERE fired_at IS NULL
),
plain AS (
    SELECT timeline, kind, happened_at FROM sound ANTI JOIN whole USING (timeline)
),
told AS (
    SELECT timeline, happened_at AS fired_at, count(*) AS n_tellings
    FROM plain SEMI JOIN repeated USING (timeline, kind, happened_at)
    GROUP BY ALL
    UNION ALL
    SELECT sound.timeline, tellings.fired_at, greatest(count(*) FILTER (sound.kind = 'row'), 1) AS n_tellings
    FROM sound INNER JOIN tellings
        ON sound.timeline = tellings.timeline AND sound.kind = tellings.kind AND sound.happened_at = tellings.happened_at
        AND sound.observed_at IS NOT DISTINCT FROM tellings.observed_at
        AND sound.claimed_at IS NOT DISTINCT FROM tellings.claimed_at
        AND sound.sequence IS NOT DISTINCT FROM tellings.sequence
    WHERE tellings.fired_at IS NOT NULL
        AND sound.timeline IN (SELECT timeline FROM whole)
    GROUP BY ALL
),
changed AS (
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
),
counted AS (
    SELECT
        count(*) FILTER (NOT is_known) AS n_new,
        count(*) FILTER (is_known AND is_changed) AS n_updated,
        count(*) FILTER (is_known AND NOT is_changed) + coalesce(sum(n_tellings - 1), 0) AS n_duplicate
    FROM fates
),
single AS (
    SELECT count(*) AS n_new FROM plain ANTI JOIN repeated USING (timeline, kind, happened_at)
),
refused AS (
    SELECT count(*) AS n_quarantined FROM staged WHERE reason IS NOT NULL
),
orphans AS (
    SELECT count(*) AS n_waiting
    FROM tellings SEMI JOIN sound
        ON sound.timeline = tellings.timeline AND sound.kind = tellings.kind AND sound.happened_at = tellings.happened_at
        AND sound.observed_at IS NOT DISTINCT FROM tellings.observed_at
        AND sound.claimed_at IS NOT DISTINCT FROM tellings.claimed_at
        AND sound.sequence IS NOT DISTINCT FROM tellings.sequence
    WHERE fired_at IS NULL
)
SELECT
    counted.n_new + single.n_new + n_updated + n_duplicate + n_quarantined AS n_read,
    counted.n_new + single.n_new AS n_new,
    n_updated,
    n_duplicate,
    n_quarantined,
    n_waiting
FROM counted CROSS JOIN single CROSS JOIN refused CROSS JOIN orphans
