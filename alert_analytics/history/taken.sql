-- A row per event in the order in which they are taken: of several rows about one beginning the one observed last,
-- between equally late ones that which says most, then that whose content sorts last, never a matter of its place in a
-- file; taken apart into what it tells, each at its own time.
CREATE OR REPLACE TEMP TABLE taken AS
WITH told AS (
    SELECT *, to_json([
        alert_id, origin, rule, service, team, severity, status, message, fired_at::VARCHAR, acknowledged_at::VARCHAR,
        resolved_at::VARCHAR, resolution, occurrences::VARCHAR, escalations::VARCHAR, reassignments::VARCHAR,
        reopens::VARCHAR, notifications::VARCHAR, assignee, value::VARCHAR, labels::VARCHAR, metadata
    ])::VARCHAR AS tie,
    (rule IS NOT NULL AND rule <> 'unknown')::INTEGER + (service IS NOT NULL)::INTEGER + (team IS NOT NULL)::INTEGER
        + (severity IS NOT NULL)::INTEGER + (message IS NOT NULL)::INTEGER + (acknowledged_at IS NOT NULL)::INTEGER
        + (resolved_at IS NOT NULL)::INTEGER + (assignee IS NOT NULL)::INTEGER + ("value" IS NOT NULL)::INTEGER
        + coalesce(cardinality(labels), 0) AS n_said
    FROM events
),
latest AS (
    SELECT * FROM told
    WHERE kind = 'row'
    QUALIFY row_number() OVER (
        PARTITION BY tenant_id, source, fingerprint, fired_at ORDER BY observed_at DESC, n_said DESC, tie DESC
    ) = 1
),
parts AS (
    SELECT *, kind AS part, happened_at AS time, observed_at AS taken_at FROM told WHERE kind <> 'row'
    UNION ALL BY NAME
    SELECT *, 'row_fire' AS part, fired_at AS time, fired_at AS taken_at FROM latest
    UNION ALL BY NAME
    SELECT
        timeline, kind, happened_at, observed_at, sequence, tenant_id, source, fingerprint, fired_at, ingested_at,
        tie,
        'row_acknowledge' AS part, acknowledged_at AS time, acknowledged_at AS taken_at
    FROM latest
    WHERE acknowledged_at IS NOT NULL
    UNION ALL BY NAME
    SELECT
        timeline, kind, happened_at, observed_at, sequence, tenant_id, source, fingerprint, fired_at, ingested_at,
        tie,
        'row_resolve' AS part, resolved_at AS time, resolved_at AS taken_at
    FROM latest
    WHERE resolved_at IS NOT NULL
    UNION ALL BY NAME
    SELECT
        timeline, kind, happened_at, observed_at, sequence, tenant_id, source, fingerprint, fired_at, ingested_at,
        tie, 'suppress' AS part, fired_at AS time, fired_at AS taken_at
    FROM latest
    WHERE status = 'suppressed'
),
coded AS (
    SELECT
        *,
        list_position([
            'fire', 'row_fire', 'reopen', 'change', 'acknowledge', 'row_acknowledge', 'unacknowledge', 'suppress',
            'unsuppress', 'escalate', 'reassign', 'notify', 'resolve', 'row_resolve'
        ], part)::TINYINT - 1 AS code
    FROM parts
)
SELECT
    * EXCLUDE (tie, n_said),
    row_number() OVER taking - 1 AS place,
    dense_rank() OVER (ORDER BY timeline, tenant_id, source, fingerprint) AS line
FROM coded
WINDOW taking AS (
    ORDER BY timeline, tenant_id, source, fingerprint, taken_at, coalesce(sequence, 0), time, code, tie
)
