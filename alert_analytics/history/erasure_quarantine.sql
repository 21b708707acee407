-- The renamed rows of the quarantine. Rows that have become identical, though they were not, are told apart by their
-- place within their ingest, as if they had come so.
INSERT INTO fresh.quarantine BY NAME
WITH compared AS (
    SELECT after.*, md5(to_json([before.tenant_id, before.source, before.reason, before.original])) AS was
    FROM after INNER JOIN before USING (number)
),
grouped AS (
    SELECT
        *,
        min(was) OVER alike <> max(was) OVER alike AS is_mixed,
        row_number() OVER (alike ORDER BY line, place) AS new_place
    FROM compared
    WINDOW alike AS (PARTITION BY tenant_id, source, reason, original, ingested_at)
)
SELECT
    * EXCLUDE (number, was, is_mixed, new_place)
    REPLACE (CASE WHEN is_mixed THEN new_place ELSE place END AS place)
FROM grouped
