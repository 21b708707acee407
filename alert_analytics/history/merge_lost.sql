-- Timelines whose first alert did not come out as it was are folded whole; a row for each.
UPDATE touched SET settled_at = NULL, ended_at = NULL
WHERE settled_at IS NOT NULL AND (timeline, settled_at) NOT IN (SELECT (timeline, fired_at) FROM refolded)
RETURNING timeline
