-- Rows that came without a fingerprint, now that content.sql has given them one, get the number of their timeline.
DELETE FROM staged WHERE fingerprint IS NULL AND reason IS NULL;

INSERT INTO staged
SELECT * REPLACE (
    ('0x' || left(md5(to_json([tenant_id, source, fingerprint])), 16))::UBIGINT AS timeline
)
FROM named;

DROP TABLE named
