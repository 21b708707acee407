-- What the alerts that the batch speaks of were before it; of those to be folded, all of their timelines.
CREATE OR REPLACE TEMP TABLE before AS
WITH whole AS (
    SELECT timeline FROM touched WHERE fired_at IS NULL
),
single AS (
    SELECT timeline, happened_at AS fired_at FROM repeated WHERE kind = 'row'
)
SELECT alert.* FROM store.plain AS alert SEMI JOIN whole USING (timeline)
UNION ALL
SELECT alert.* FROM store.plain AS alert SEMI JOIN single USING (timeline, fired_at) ANTI JOIN whole USING (timeline)
UNION ALL
SELECT alert.* FROM store.folded AS alert SEMI JOIN whole USING (timeline)
UNION ALL
SELECT alert.* FROM store.folded AS alert SEMI JOIN single USING (timeline, fired_at) ANTI JOIN whole USING (timeline)
