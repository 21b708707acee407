-- A row per ordered pair of rules: alerts of the leader followed within 300 s by one of the follower, in the same
-- tenant. A join on equal buckets of 300 s: a follower lies in the leader's bucket or in the next one.
WITH firings AS (
    SELECT
        row_number() OVER () AS id,
        tenant_id,
        rule,
        epoch_us(fired_at) AS time_us,
        time_us // 300000000 AS bucket
    FROM alerts
),
reachable AS (
    SELECT tenant_id, rule, time_us, bucket FROM firings
    UNION ALL
    SELECT tenant_id, rule, time_us, bucket - 1 FROM firings
),
followed AS (
    SELECT DISTINCT leader.id, leader.rule AS leader, follower.rule AS follower
    FROM firings AS leader
    JOIN reachable AS follower ON leader.tenant_id = follower.tenant_id AND leader.bucket = follower.bucket
    WHERE follower.time_us > leader.time_us
        AND follower.time_us <= leader.time_us + 300000000
        AND follower.rule <> leader.rule
)
SELECT leader, follower, count(*) AS n_together
FROM followed
GROUP BY ALL
