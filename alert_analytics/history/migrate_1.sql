-- From version 1, which kept finished alerts alone, to 2: each alert becomes the row that tells of it. The tables of
-- version 2 are there already; those of version 1 were moved out of their way.
INSERT INTO alert_events BY NAME
SELECT
    ('0x' || left(md5(to_json([tenant_id, source, fingerprint])), 16))::UBIGINT AS timeline,
    'row' AS kind,
    fired_at AS happened_at,
    * REPLACE (
        CASE
            WHEN alert_id = md5(to_json([tenant_id, source, fingerprint, epoch_us(fired_at)::VARCHAR])) THEN NULL
            ELSE alert_id
        END AS alert_id
    )
FROM alerts_1;

INSERT INTO quarantine SELECT * FROM quarantine_1;

INSERT INTO ingests BY NAME
WITH observed AS (
    SELECT tenant_id, max(greatest(fired_at, acknowledged_at, resolved_at, observed_at)) AS last_observed
    FROM alerts_1
    GROUP BY tenant_id
)
SELECT ingests_1.*, observed.last_observed FROM ingests_1 LEFT JOIN observed USING (tenant_id);

DROP TABLE alerts_1;

DROP TABLE quarantine_1;

DROP TABLE ingests_1;
