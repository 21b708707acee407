-- The alerts that stay in the timelines of which something goes.
CREATE OR REPLACE TEMP TABLE kept AS
SELECT alert.*
FROM (FROM store.plain UNION ALL BY NAME FROM store.folded) AS alert
SEMI JOIN going USING (timeline)
WHERE resolved_at IS NULL OR resolved_at >= $until
