-- A row per column that analyses group by: how much of it is missing, how varied it is, its commonest value.
WITH cells AS (
    SELECT "column", "value"
    FROM (SELECT rule, service, team, severity, status, resolution, assignee FROM alerts)
    UNPIVOT INCLUDE NULLS (
        "value" FOR "column" IN (rule, service, team, severity, status, resolution, assignee)
    )
),
counted AS (
    SELECT "column", "value", count(*) AS n FROM cells GROUP BY ALL
)
SELECT
    "column",
    coalesce(sum(n) FILTER ("value" IS NULL), 0) / sum(n) AS null_share,
    count("value") AS n_distinct,
    arg_max("value", n) FILTER ("value" IS NOT NULL) AS most_common,
    max(n) FILTER ("value" IS NOT NULL) / sum(n) AS most_common_share
FROM counted
GROUP BY "column"
ORDER BY list_position(['rule', 'service', 'team', 'severity', 'status', 'resolution', 'assignee'], "column")
