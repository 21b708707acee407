-- The events of all alerts that are folded.
SELECT event.* FROM store.alert_events AS event WHERE kind <> 'row'
UNION ALL
SELECT event.* FROM store.alert_events AS event SEMI JOIN store.superseded USING (timeline, fired_at) WHERE kind = 'row'
