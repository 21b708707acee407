-- The events that the log lacks.
CREATE OR REPLACE TEMP VIEW added AS
SELECT * EXCLUDE (line, original, reason), getvariable('ingest_now') AS ingested_at
FROM staged ANTI JOIN repeated USING (timeline, kind, happened_at)
WHERE reason IS NULL
UNION ALL BY NAME
SELECT *, getvariable('ingest_now') AS ingested_at FROM fresh
