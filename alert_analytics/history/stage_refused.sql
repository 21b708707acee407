-- A record of which one event is refused is refused whole, once: nothing is half used. A record is what one line says of
-- one fingerprint.
CREATE OR REPLACE TEMP TABLE refused AS
SELECT * FROM staged
WHERE reason IS NOT NULL AND kind <> 'row'
QUALIFY row_number() OVER (PARTITION BY line, fingerprint ORDER BY reason, kind, happened_at) = 1;

DELETE FROM staged
USING refused
WHERE staged.kind <> 'row'
    AND staged.line IS NOT DISTINCT FROM refused.line
    AND staged.fingerprint IS NOT DISTINCT FROM refused.fingerprint;

INSERT INTO staged FROM refused;

DROP TABLE refused
