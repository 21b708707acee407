-- The tables of a store of version 1, as that version made them.
CREATE TABLE meta (schema_version INTEGER);

INSERT INTO meta
SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM meta);

CREATE TABLE alerts (
    tenant_id VARCHAR NOT NULL,
    alert_id VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    origin VARCHAR,
    fingerprint VARCHAR NOT NULL,
    rule VARCHAR NOT NULL,
    service VARCHAR,
    team VARCHAR,
    severity VARCHAR,
    status VARCHAR NOT NULL,
    message VARCHAR,
    fired_at TIMESTAMP NOT NULL,
    acknowledged_at TIMESTAMP,
    resolved_at TIMESTAMP,
    resolution VARCHAR,
    observed_at TIMESTAMP NOT NULL,
    ingested_at TIMESTAMP NOT NULL,
    occurrences BIGINT NOT NULL,
    escalations BIGINT,
    reassignments BIGINT,
    reopens BIGINT,
    notifications BIGINT,
    assignee VARCHAR,
    value DOUBLE,
    labels MAP(VARCHAR, VARCHAR) NOT NULL,
    metadata VARCHAR
);

-- `place` tells identical rows of one input apart, so that the same input twice is set aside once.
CREATE TABLE quarantine (
    tenant_id VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    line BIGINT,
    reason VARCHAR NOT NULL,
    original VARCHAR NOT NULL,
    place BIGINT NOT NULL,
    ingested_at TIMESTAMP NOT NULL
);

CREATE TABLE ingests (
    tenant_id VARCHAR,
    source VARCHAR NOT NULL,
    complete_until TIMESTAMP,
    n_read BIGINT NOT NULL,
    ingested_at TIMESTAMP NOT NULL
);
