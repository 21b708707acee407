-- A row per judged row of a table in which fingerprints are missing: where one is, the row's content and its place among
-- identical rows stand for it.
SELECT
    * EXCLUDE (place)
    REPLACE (
        coalesce(
            fingerprint,
            concat_ws(
                '-',
                md5(to_json([
                    tenant_id, source, origin, rule, service, team, severity, message, fired_at::VARCHAR,
                    acknowledged_at::VARCHAR, resolved_at::VARCHAR, resolution, occurrences::VARCHAR, assignee,
                    value::VARCHAR, labels::VARCHAR, metadata
                ])),
                place
            )
        ) AS fingerprint
    )
FROM nameless
