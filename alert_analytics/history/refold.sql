-- What of some timelines is folded: whole timelines (`fired_at` null) in which an event is no row, and single rows that
-- are not the only word about their alert.
CREATE OR REPLACE TEMP TABLE touched AS
WITH events AS (
    SELECT timeline, kind, fired_at FROM store.alert_events SEMI JOIN to_fold USING (timeline)
),
eventful AS (
    SELECT DISTINCT timeline FROM events WHERE kind <> 'row'
)
SELECT timeline, NULL::TIMESTAMP AS fired_at FROM eventful
UNION ALL
SELECT timeline, fired_at
FROM events ANTI JOIN eventful USING (timeline)
GROUP BY timeline, fired_at
HAVING count(*) > 1;

DELETE FROM store.folded WHERE timeline IN (SELECT timeline FROM to_fold);

DELETE FROM store.superseded WHERE timeline IN (SELECT timeline FROM to_fold);

INSERT INTO store.superseded
SELECT DISTINCT timeline, event.fired_at
FROM store.alert_events AS event SEMI JOIN (FROM touched WHERE fired_at IS NULL) AS whole USING (timeline)
WHERE kind = 'row'
UNION ALL
SELECT timeline, fired_at FROM touched WHERE fired_at IS NOT NULL
