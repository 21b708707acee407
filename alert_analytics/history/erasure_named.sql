-- A row per event to be renamed whose fingerprint was made of the row's content: with its place among identical rows.
SELECT before.number, try_cast(regexp_extract(before.fingerprint, '-(\d+)$', 1) AS BIGINT) AS place
FROM before INNER JOIN contents USING (number)
WHERE before.kind = 'row'
    AND regexp_replace(before.fingerprint, '-\d+$', '') = regexp_replace(contents.fingerprint, '-\d+$', '')
