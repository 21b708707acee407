-- A row per renamed event, as a judged row that is ready to be staged: a fingerprint that was made of the row's content
-- is made of the new content, with the place among the rows of one ingest that are identical now.
WITH identified AS (
    SELECT
        after.*,
        CASE WHEN named.number IS NOT NULL THEN contents.fingerprint END AS content,
        named.has_place,
        named.old_fingerprint
    FROM after
    LEFT JOIN named USING (number)
    LEFT JOIN contents USING (number)
)
SELECT
    * EXCLUDE (content, has_place, old_fingerprint, number, timeline)
    REPLACE (
        CASE
            WHEN content IS NULL THEN fingerprint
            WHEN has_place THEN concat_ws(
                '-', content, row_number() OVER (PARTITION BY ingested_at, content, has_place ORDER BY old_fingerprint)
            )
            ELSE content
        END AS fingerprint
    ),
    number AS line,
    NULL::VARCHAR AS original,
    NULL::VARCHAR AS reason
FROM identified
