-- The events that all alerts are folded from which are not a row in a timeline of rows.
WITH eventful AS (
    SELECT DISTINCT timeline FROM store.alert_events WHERE kind <> 'row'
)
SELECT event.* FROM store.alert_events AS event SEMI JOIN eventful USING (timeline)
UNION ALL
SELECT event.*
FROM store.alert_events AS event SEMI JOIN store.superseded USING (timeline, fired_at) ANTI JOIN eventful USING (timeline)
WHERE kind = 'row'
