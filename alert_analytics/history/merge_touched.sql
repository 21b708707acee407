-- What the batch speaks of and has to be folded: whole timelines (`fired_at` null) in which an event is no row, and
-- single rows that are not the only word about their alert. `is_fresh`: the log did not know all that is said of it.
-- Of a timeline whose alerts followed one another, what was over before the first thing that the batch speaks of is
-- settled: it is folded from the alert that began at `settled_at` on, after all that had ended by `ended_at`.
CREATE OR REPLACE TEMP TABLE touched AS
WITH sound AS (
    SELECT
        timeline, kind, happened_at, observed_at,
        CASE WHEN kind = 'row' THEN happened_at ELSE least(happened_at, observed_at, fired_at) END AS earliest
    FROM staged
    WHERE reason IS NULL
),
eventful AS (
    SELECT DISTINCT timeline FROM sound WHERE kind <> 'row'
    UNION
    SELECT DISTINCT timeline FROM store.alert_events SEMI JOIN sound USING (timeline) WHERE kind <> 'row'
),
known_rows AS (
    SELECT timeline, happened_at FROM store.alert_events SEMI JOIN repeated USING (timeline, kind, happened_at)
    WHERE kind = 'row'
),
told_rows AS (
    SELECT timeline, happened_at FROM fresh WHERE kind = 'row'
    UNION ALL
    FROM known_rows
),
cuts AS (
    SELECT timeline, min(earliest) AS cut FROM sound SEMI JOIN eventful USING (timeline) GROUP BY timeline
),
-- where something was observed before it happened, the order of times says nothing
skewed AS (
    SELECT timeline FROM sound WHERE kind <> 'row' AND observed_at < happened_at
    UNION
    SELECT timeline FROM store.alert_events SEMI JOIN eventful USING (timeline)
    WHERE kind <> 'row' AND observed_at < happened_at
),
known AS (
    SELECT timeline, fired_at, resolved_at FROM store.plain SEMI JOIN eventful USING (timeline)
    UNION ALL
    SELECT timeline, fired_at, resolved_at FROM store.folded SEMI JOIN eventful USING (timeline)
),
following AS (
    SELECT timeline, fired_at, max(coalesce(resolved_at, 'infinity')) OVER (
        PARTITION BY timeline ORDER BY fired_at ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS ended_at
    FROM known ANTI JOIN skewed USING (timeline)
),
settled AS (
    SELECT timeline, max(fired_at) AS settled_at, arg_max(ended_at, fired_at) AS ended_at
    FROM following INNER JOIN cuts USING (timeline)
    WHERE fired_at <= cut AND ended_at < fired_at
    GROUP BY timeline
)
SELECT
    timeline, NULL::TIMESTAMP AS fired_at, timeline IN (SELECT timeline FROM added) AS is_fresh, settled_at, ended_at
FROM eventful LEFT JOIN settled USING (timeline)
UNION ALL
SELECT
    timeline, happened_at AS fired_at,
    (timeline, happened_at) IN (SELECT (timeline, happened_at) FROM fresh WHERE kind = 'row') AS is_fresh,
    NULL AS settled_at, NULL AS ended_at
FROM told_rows ANTI JOIN eventful USING (timeline)
GROUP BY timeline, happened_at
HAVING count(*) > 1
