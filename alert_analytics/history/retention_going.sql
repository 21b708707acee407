-- The events that go.
CREATE OR REPLACE TEMP TABLE going AS
SELECT event.rowid AS number, event.timeline
FROM store.alert_events AS event ANTI JOIN store.superseded USING (timeline, fired_at)
WHERE kind = 'row' AND resolved_at < $until
UNION ALL
SELECT event.rowid AS number, event.timeline
FROM (SELECT rowid, * FROM store.alert_events WHERE kind <> 'row') AS event
INNER JOIN fates USING (timeline, kind, happened_at, observed_at)
WHERE goes
UNION ALL
SELECT event.rowid AS number, event.timeline
FROM (SELECT rowid, * FROM store.alert_events WHERE kind = 'row') AS event
SEMI JOIN store.superseded USING (timeline, fired_at)
INNER JOIN fates USING (timeline, kind, happened_at)
WHERE goes
