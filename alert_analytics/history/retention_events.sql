-- The events that stay. In timelines of which something goes, a fire claims no more than its alert was granted: what it
-- claimed beyond that lies before the end of an alert that goes.
INSERT INTO fresh.alert_events BY NAME
WITH staying AS (
    SELECT rowid AS number, * FROM store.alert_events
    WHERE rowid NOT IN (SELECT number FROM going)
),
claiming AS (
    SELECT staying.number, fates.starts
    FROM staying
    INNER JOIN fates USING (timeline, kind, happened_at, observed_at)
    WHERE kind = 'fire' AND happened_at < starts
        AND timeline IN (SELECT timeline FROM going)
)
SELECT
    staying.* EXCLUDE (number)
    REPLACE (
        coalesce(claiming.starts, happened_at) AS happened_at,
        CASE WHEN claiming.starts IS NULL THEN fired_at ELSE greatest(fired_at, claiming.starts) END AS fired_at
    )
FROM staying LEFT JOIN claiming USING (number)
