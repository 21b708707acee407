-- The events, old and new, that the batch's alerts are folded from. Which of the log these are is found out first, in the
-- few columns that tell it; the rest is read once.
CREATE OR REPLACE TEMP TABLE concerned AS
WITH whole AS (
    SELECT timeline, coalesce(settled_at, '-infinity') AS since FROM touched WHERE fired_at IS NULL
),
single AS (
    SELECT timeline, fired_at FROM touched WHERE fired_at IS NOT NULL
),
wanted AS (
    SELECT event.rowid AS place
    FROM store.alert_events AS event INNER JOIN whole USING (timeline)
    WHERE CASE WHEN kind = 'row' THEN fired_at ELSE greatest(happened_at, observed_at) END >= since
    UNION ALL
    SELECT event.rowid AS place
    FROM store.alert_events AS event SEMI JOIN single USING (timeline, fired_at)
    WHERE kind = 'row'
)
SELECT event.* FROM store.alert_events AS event SEMI JOIN wanted ON event.rowid = wanted.place
UNION ALL BY NAME
SELECT added.* FROM added SEMI JOIN whole USING (timeline)
UNION ALL BY NAME
SELECT added.* FROM added SEMI JOIN single USING (timeline, fired_at) WHERE kind = 'row'
