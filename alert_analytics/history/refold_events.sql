-- The events of the log that alerts of `touched` are folded from.
SELECT event.* FROM store.alert_events AS event SEMI JOIN (FROM touched WHERE fired_at IS NULL) AS whole USING (timeline)
UNION ALL
SELECT event.*
FROM store.alert_events AS event
SEMI JOIN (FROM touched WHERE fired_at IS NOT NULL) AS single USING (timeline, fired_at)
WHERE kind = 'row'
