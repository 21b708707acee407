-- Rows without a fingerprint: their content, and their place among rows of the same content, stand for it, so that rows
-- which agree in everything stay several alerts.
CREATE OR REPLACE TEMP TABLE nameless AS
WITH told AS (
    SELECT
        *,
        md5(to_json([
            tenant_id, source, origin, rule, service, team, severity, message, fired_at::VARCHAR,
            acknowledged_at::VARCHAR, resolved_at::VARCHAR, resolution, occurrences::VARCHAR, assignee,
            value::VARCHAR, labels::VARCHAR, metadata
        ])) AS content
    FROM staged
    WHERE fingerprint IS NULL AND reason IS NULL
),
named AS (
    SELECT * EXCLUDE (content) REPLACE (
        concat_ws('-', content, row_number() OVER (PARTITION BY content, status ORDER BY line)) AS fingerprint
    )
    FROM told
)
SELECT * REPLACE (
    ('0x' || left(md5(to_json([tenant_id, source, fingerprint])), 16))::UBIGINT AS timeline
)
FROM named;

DELETE FROM staged WHERE fingerprint IS NULL AND reason IS NULL;

INSERT INTO staged FROM nameless;

DROP TABLE nameless
