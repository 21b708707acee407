-- Alerts that do not come out of their remaining events alone are told whole from now on.
DELETE FROM store.alert_events WHERE timeline IN (SELECT timeline FROM differing);

INSERT INTO store.alert_events BY NAME
SELECT
    * REPLACE (
        -- what the other columns say anyway is not kept
        nullif(alert_id, md5(to_json([tenant_id, source, fingerprint, epoch_us(fired_at)::VARCHAR]))) AS alert_id
    ),
    'row' AS kind,
    fired_at AS happened_at
FROM kept SEMI JOIN differing USING (timeline)
