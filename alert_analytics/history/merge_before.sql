-- What the alerts that the batch speaks of were before it; of timelines to be folded, all from where they are folded.
-- Which these are is found out first, in the few columns that tell it; an id that no row gave says nothing of its own.
CREATE OR REPLACE TEMP TABLE before AS
WITH whole AS (
    SELECT timeline, coalesce(settled_at, '-infinity') AS since FROM touched WHERE fired_at IS NULL
),
wanted AS (
    SELECT timeline, alert.fired_at FROM store.plain AS alert INNER JOIN whole USING (timeline) WHERE fired_at >= since
    UNION
    SELECT timeline, alert.fired_at FROM store.folded AS alert INNER JOIN whole USING (timeline) WHERE fired_at >= since
    UNION
    SELECT timeline, happened_at AS fired_at FROM repeated ANTI JOIN whole USING (timeline) WHERE kind = 'row'
)
SELECT alert.* EXCLUDE (alert_id) FROM store.plain AS alert SEMI JOIN wanted USING (timeline, fired_at)
UNION ALL
SELECT alert.* EXCLUDE (alert_id) FROM store.folded AS alert SEMI JOIN wanted USING (timeline, fired_at)
