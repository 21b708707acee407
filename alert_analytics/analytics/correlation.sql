-- A row per alert: the hashes of its item and scope, of which correlation_codes.sql has the codes, and fired_at in epoch
-- microseconds, in any order. A hash costs a fraction of a join that finds the codes.
SELECT
    hash($salt::INTEGER, item_fields.k1, scope_fields) AS known,
    epoch_us(fired_at) AS time_us
FROM alerts
