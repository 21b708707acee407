-- Alerts folded anew.
INSERT INTO store.folded BY NAME
SELECT refolded.*
FROM refolded SEMI JOIN (FROM touched WHERE is_fresh AND fired_at IS NULL) AS whole USING (timeline)
UNION ALL BY NAME
SELECT refolded.*
FROM refolded SEMI JOIN (FROM touched WHERE is_fresh AND fired_at IS NOT NULL) AS single USING (timeline, fired_at)
