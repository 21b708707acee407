-- A row per new or later observed alert.
INSERT INTO store.alerts BY NAME
SELECT * EXCLUDE (fate), $now AS ingested_at
FROM incoming
WHERE fate <> 'duplicate'
