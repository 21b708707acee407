-- The events that the log lacked.
INSERT INTO store.alert_events BY NAME
SELECT * EXCLUDE (line, original, reason), $now AS ingested_at
FROM staged ANTI JOIN repeated USING (timeline, kind, happened_at)
WHERE reason IS NULL
UNION ALL BY NAME
SELECT *, $now AS ingested_at FROM fresh
