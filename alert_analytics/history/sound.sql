-- A row per row of worded.sql, as canonical.sql has it where nothing is wrong with any: a column that is not asked for
-- costs nothing, while there each column of a tenant waits for the reason of its row.
SELECT
    * EXCLUDE (declared_tenant, declared_source, reached)
    REPLACE (reached AS status, coalesce(fingerprint, alert_id) AS fingerprint)
FROM worded
