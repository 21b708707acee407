-- What the batch speaks of and has to be folded: whole timelines (`fired_at` null) in which an event is no row, and
-- single rows that are not the only word about their alert. `is_fresh`: the log did not know all that is said of it.
CREATE OR REPLACE TEMP TABLE touched AS
WITH sound AS (
    SELECT timeline, kind, happened_at FROM staged WHERE reason IS NULL
),
added AS (
    SELECT timeline, kind, happened_at FROM sound ANTI JOIN repeated USING (timeline, kind, happened_at)
    UNION ALL
    SELECT timeline, kind, happened_at FROM fresh
),
eventful AS (
    SELECT DISTINCT timeline FROM sound WHERE kind <> 'row'
    UNION
    SELECT DISTINCT timeline FROM store.alert_events SEMI JOIN sound USING (timeline) WHERE kind <> 'row'
),
known AS (
    SELECT timeline, happened_at FROM store.alert_events SEMI JOIN repeated USING (timeline, kind, happened_at)
    WHERE kind = 'row'
),
told AS (
    SELECT timeline, happened_at FROM fresh WHERE kind = 'row'
    UNION ALL
    FROM known
)
SELECT timeline, NULL::TIMESTAMP AS fired_at, timeline IN (SELECT timeline FROM added) AS is_fresh FROM eventful
UNION ALL
SELECT timeline, happened_at AS fired_at, (timeline, happened_at) IN (
    SELECT (timeline, happened_at) FROM fresh WHERE kind = 'row'
) AS is_fresh
FROM told ANTI JOIN eventful USING (timeline)
GROUP BY timeline, happened_at
HAVING count(*) > 1
