-- What becomes of each event of the alerts that are folded: it goes with its alert; an event of an alert whose beginning
-- is not known goes when it is as old. What two alerts are told by stays while one of them does.
CREATE OR REPLACE TEMP TABLE fates AS
SELECT
    told.timeline,
    told.kind,
    told.happened_at,
    told.observed_at,
    bool_and(
        CASE
            WHEN told.fired_at IS NULL THEN coalesce(told.observed_at, told.happened_at) < $until
            ELSE alert.resolved_at IS NOT NULL AND alert.resolved_at < $until
        END
    ) AS goes,
    -- what a kept fire claims of the time before its alert's beginning, an alert that goes stood against
    max(told.fired_at) AS starts
FROM tellings AS told LEFT JOIN refolded AS alert USING (timeline, fired_at)
GROUP BY ALL
