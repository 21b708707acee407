-- A row per event and alert that it tells of. What is observed is left out of a row: however often it is told, it
-- speaks of one alert.
SELECT DISTINCT
    taken.timeline,
    taken.kind,
    taken.happened_at,
    CASE WHEN taken.kind <> 'row' THEN taken.observed_at END AS observed_at,
    CASE WHEN taken.kind <> 'row' THEN taken.fired_at END AS claimed_at,
    CASE WHEN taken.kind <> 'row' THEN taken.sequence END AS sequence,
    times.fired_at
FROM taken
INNER JOIN alert_of USING (place)
LEFT JOIN times USING (alert)
WHERE taken.kind <> 'row' OR taken.part = 'row_fire'
