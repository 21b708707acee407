-- The keys of sound events that are told twice in the batch, or stand in the log already.
CREATE OR REPLACE TEMP TABLE repeated AS
SELECT timeline, kind, happened_at FROM staged WHERE reason IS NULL GROUP BY ALL HAVING count(*) > 1
UNION
SELECT DISTINCT timeline, kind, happened_at
FROM store.alert_events SEMI JOIN (FROM staged WHERE reason IS NULL) AS sound USING (timeline, kind, happened_at)
