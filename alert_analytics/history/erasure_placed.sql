-- A row per renamed event, as a judged row that is ready to be staged: a fingerprint that was made of the row's content
-- is made of the new content, with the place among the rows of one ingest that are identical now.
WITH identified AS (
    SELECT
        after.*,
        CASE WHEN named.number IS NOT NULL THEN regexp_replace(contents.fingerprint, '-\d+$', '') END AS content,
        named.place
    FROM after
    LEFT JOIN named USING (number)
    LEFT JOIN contents USING (number)
)
SELECT
    * EXCLUDE (content, place, number, timeline)
    REPLACE (
        coalesce(
            content || '-' || row_number() OVER (PARTITION BY ingested_at, content, status ORDER BY place, number),
            fingerprint
        ) AS fingerprint
    ),
    number AS line,
    NULL::VARCHAR AS original,
    NULL::VARCHAR AS reason
FROM identified
