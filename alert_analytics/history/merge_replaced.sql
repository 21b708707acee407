-- What is folded anew makes room.
DELETE FROM store.folded
WHERE timeline IN (SELECT timeline FROM touched WHERE is_fresh AND fired_at IS NULL)
    OR (timeline, fired_at) IN (SELECT (timeline, fired_at) FROM touched WHERE is_fresh AND fired_at IS NOT NULL)
