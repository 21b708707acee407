-- Timelines in which something speaks of an alert that is settled are folded whole.
UPDATE touched SET settled_at = NULL, ended_at = NULL
WHERE timeline IN (
    SELECT event.timeline
    FROM (FROM store.alert_events UNION ALL BY NAME FROM added) AS event
    INNER JOIN (FROM touched WHERE settled_at IS NOT NULL) AS tail USING (timeline)
    WHERE kind NOT IN ('fire', 'row')
        AND event.fired_at < tail.settled_at
        AND greatest(happened_at, observed_at) >= tail.settled_at
)
