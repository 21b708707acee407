-- The store's tables, made where they are absent. The file's own tools see them too, so names are not qualified: a
-- store is USEd while this runs.
CREATE TABLE IF NOT EXISTS meta (schema_version INTEGER NOT NULL, generation BIGINT NOT NULL);

INSERT INTO meta
SELECT 2, 0 WHERE NOT EXISTS (SELECT 1 FROM meta);

-- What was told, once each; only erasure and retention ever change or remove a row. `timeline` stands for tenant_id,
-- source and fingerprint; a row of a table is an event of kind `row`, whose alert_id is kept where the table gave one.
CREATE TABLE IF NOT EXISTS alert_events (
    timeline UBIGINT NOT NULL,
    kind VARCHAR NOT NULL,
    happened_at TIMESTAMP NOT NULL,
    observed_at TIMESTAMP NOT NULL,
    sequence BIGINT,
    tenant_id VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    fingerprint VARCHAR NOT NULL,
    alert_id VARCHAR,
    origin VARCHAR,
    rule VARCHAR,
    service VARCHAR,
    team VARCHAR,
    severity VARCHAR,
    status VARCHAR,
    message VARCHAR,
    fired_at TIMESTAMP,
    acknowledged_at TIMESTAMP,
    resolved_at TIMESTAMP,
    resolution VARCHAR,
    occurrences BIGINT,
    escalations BIGINT,
    reassignments BIGINT,
    reopens BIGINT,
    notifications BIGINT,
    assignee VARCHAR,
    value DOUBLE,
    labels MAP(VARCHAR, VARCHAR),
    metadata VARCHAR,
    ingested_at TIMESTAMP NOT NULL
);

-- Alerts that more than one event tells of, or an event that is no row: folded from their events.
CREATE TABLE IF NOT EXISTS folded (
    timeline UBIGINT NOT NULL,
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

-- The rows that are not an alert by themselves, because `folded` holds it.
CREATE TABLE IF NOT EXISTS superseded (timeline UBIGINT NOT NULL, fired_at TIMESTAMP NOT NULL);

-- A row that is the only word about its alert is that alert: it is kept once.
CREATE VIEW IF NOT EXISTS plain AS
SELECT
    timeline,
    tenant_id,
    coalesce(
        alert_id, md5(to_json([tenant_id, source, fingerprint, epoch_us(fired_at)::VARCHAR]))
    ) AS alert_id,
    source,
    origin,
    fingerprint,
    coalesce(rule, 'unknown') AS rule,
    service,
    team,
    severity,
    CASE
        WHEN status = 'suppressed' THEN 'suppressed'
        WHEN resolved_at IS NOT NULL THEN 'resolved'
        WHEN acknowledged_at IS NOT NULL THEN 'acknowledged'
        ELSE 'firing'
    END AS status,
    message,
    fired_at,
    acknowledged_at,
    resolved_at,
    resolution,
    observed_at,
    ingested_at,
    coalesce(occurrences, 1) AS occurrences,
    escalations,
    reassignments,
    reopens,
    notifications,
    assignee,
    value,
    coalesce(labels, MAP {}) AS labels,
    metadata
FROM alert_events ANTI JOIN superseded USING (timeline, fired_at)
WHERE kind = 'row';

CREATE VIEW IF NOT EXISTS alerts AS
SELECT * EXCLUDE (timeline) FROM plain
UNION ALL
SELECT * EXCLUDE (timeline) FROM folded;

-- `place` tells identical rows of one input apart, so that the same input twice is set aside once.
CREATE TABLE IF NOT EXISTS quarantine (
    tenant_id VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    line BIGINT,
    reason VARCHAR NOT NULL,
    original VARCHAR NOT NULL,
    place BIGINT NOT NULL,
    ingested_at TIMESTAMP NOT NULL
);

CREATE TABLE IF NOT EXISTS ingests (
    tenant_id VARCHAR,
    source VARCHAR NOT NULL,
    complete_until TIMESTAMP,
    last_observed TIMESTAMP,
    n_read BIGINT NOT NULL,
    ingested_at TIMESTAMP NOT NULL
);

-- How far a pull from a running system has come; a cursor moves in the transaction of the ingest that it speaks of. The
-- operator's tenant_id is empty.
CREATE TABLE IF NOT EXISTS cursors (
    tenant_id VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    value VARCHAR NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    PRIMARY KEY (tenant_id, name)
);

-- What was done to the store, each record with the hash of the one before: nothing here is ever changed or removed.
CREATE TABLE IF NOT EXISTS audit (
    seq BIGINT NOT NULL,
    "at" TIMESTAMP NOT NULL,
    action VARCHAR NOT NULL,
    details VARCHAR NOT NULL,
    previous_hash VARCHAR NOT NULL,
    hash VARCHAR NOT NULL
);

-- Where copies of the store were put: what is erased here is erased there.
CREATE TABLE IF NOT EXISTS backups (path VARCHAR NOT NULL, made_at TIMESTAMP NOT NULL);
