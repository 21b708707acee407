-- Rows whose alert is folded from now on.
INSERT INTO store.superseded
SELECT DISTINCT timeline, event.fired_at
FROM store.alert_events AS event INNER JOIN (FROM touched WHERE is_fresh AND fired_at IS NULL) AS whole USING (timeline)
WHERE kind = 'row' AND (whole.settled_at IS NULL OR event.fired_at >= whole.settled_at)
EXCEPT
SELECT timeline, fired_at FROM store.superseded
UNION ALL
SELECT timeline, fired_at FROM (
    SELECT timeline, fired_at FROM touched WHERE is_fresh AND fired_at IS NOT NULL
    EXCEPT
    SELECT timeline, fired_at FROM store.superseded
)
