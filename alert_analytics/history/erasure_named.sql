-- A row per event to be renamed: whether its fingerprint was made of the row's content, with a place or bare.
SELECT before.number, before.fingerprint AS old_fingerprint, contains(before.fingerprint, '-') AS has_place
FROM before INNER JOIN contents USING (number)
WHERE before.kind = 'row' AND regexp_replace(before.fingerprint, '-\d+$', '') = contents.fingerprint
