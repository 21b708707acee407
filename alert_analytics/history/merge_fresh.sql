-- The events with a repeated key that the log lacks, each once.
CREATE OR REPLACE TEMP TABLE fresh AS
SELECT * EXCLUDE (line, original, reason)
FROM staged SEMI JOIN repeated USING (timeline, kind, happened_at)
WHERE reason IS NULL
EXCEPT
SELECT * EXCLUDE (ingested_at) FROM store.alert_events SEMI JOIN repeated USING (timeline, kind, happened_at)
