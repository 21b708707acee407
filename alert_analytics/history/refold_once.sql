-- Events of the timelines to be folded anew that have become the same event are one, ingested when the first was.
CREATE OR REPLACE TEMP TABLE told_once AS
SELECT * EXCLUDE (ingested_at), min(ingested_at) AS ingested_at
FROM store.alert_events SEMI JOIN to_fold USING (timeline)
GROUP BY ALL;

DELETE FROM store.alert_events WHERE timeline IN (SELECT timeline FROM to_fold);

INSERT INTO store.alert_events BY NAME FROM told_once;

DROP TABLE told_once
