-- Timelines whose first alert did not come out as it was, or in which something speaks of an alert before it, are folded
-- whole; a row for each.
UPDATE touched SET settled_at = NULL, ended_at = NULL
WHERE settled_at IS NOT NULL AND (
    (timeline, settled_at) NOT IN (SELECT (timeline, fired_at) FROM refolded)
    OR timeline IN (SELECT timeline FROM tellings WHERE fired_at IS NULL)
)
RETURNING timeline
