-- The renamed events: with the timeline that they belong to now, and when they were ingested.
INSERT INTO fresh.alert_events BY NAME
SELECT staged.* EXCLUDE (line, original, reason), before.ingested_at
FROM staged INNER JOIN before ON staged.line = before.number
