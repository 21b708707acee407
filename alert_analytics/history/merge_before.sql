-- What the alerts that the batch tells of were before it; an id that no row gave says nothing of its own.
CREATE OR REPLACE TEMP TABLE before AS
SELECT alert.* EXCLUDE (alert_id) FROM store.plain AS alert SEMI JOIN told USING (timeline, fired_at)
UNION ALL
SELECT alert.* EXCLUDE (alert_id) FROM store.folded AS alert SEMI JOIN told USING (timeline, fired_at)
