-- The timelines that an erasure changes: those of the events before, and those of the events after.
CREATE OR REPLACE TEMP TABLE changed AS
SELECT timeline FROM before
UNION
SELECT timeline FROM staged
