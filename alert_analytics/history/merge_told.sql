-- The alerts that the rows and events of a batch tell of. A row tells of its alert each time anew; the events that are no
-- rows tell of an alert once, however many they are: `n_events`. Without `fired_at`, what tells of an alert whose beginning
-- is not known.
CREATE OR REPLACE TEMP TABLE told AS
WITH sound AS (
    SELECT
        timeline, kind, happened_at, CASE WHEN kind <> 'row' THEN observed_at END AS observed_at,
        CASE WHEN kind <> 'row' THEN fired_at END AS claimed_at, CASE WHEN kind <> 'row' THEN sequence END AS sequence
    FROM staged
    WHERE reason IS NULL
),
whole AS (
    SELECT timeline FROM touched WHERE fired_at IS NULL
)
SELECT timeline, happened_at AS fired_at, count(*) AS n_tellings, 1 AS n_events
FROM sound ANTI JOIN whole USING (timeline) SEMI JOIN repeated USING (timeline, kind, happened_at)
GROUP BY ALL
UNION ALL
SELECT
    sound.timeline,
    tellings.fired_at,
    greatest(count(*) FILTER (sound.kind = 'row'), 1) AS n_tellings,
    count(DISTINCT (sound.kind, sound.happened_at, sound.observed_at, sound.claimed_at, sound.sequence)) AS n_events
FROM sound INNER JOIN tellings
    ON sound.timeline = tellings.timeline AND sound.kind = tellings.kind AND sound.happened_at = tellings.happened_at
    AND sound.observed_at IS NOT DISTINCT FROM tellings.observed_at
    AND sound.claimed_at IS NOT DISTINCT FROM tellings.claimed_at
    AND sound.sequence IS NOT DISTINCT FROM tellings.sequence
WHERE sound.timeline IN (SELECT timeline FROM whole)
GROUP BY ALL
