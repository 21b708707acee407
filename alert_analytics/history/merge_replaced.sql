-- What is folded anew makes room.
DELETE FROM store.folded
USING touched
WHERE touched.is_fresh AND folded.timeline = touched.timeline AND CASE
    WHEN touched.fired_at IS NOT NULL THEN folded.fired_at = touched.fired_at
    ELSE touched.settled_at IS NULL OR folded.fired_at >= touched.settled_at
END
