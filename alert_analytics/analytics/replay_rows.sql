-- A row per alert, in order of its item and of time: the code of its item (its place, from 0, in replay_items.sql; last
-- comes what has none), of its stream (item, tenant and what repeats must share), of its tenant and of its source (one
-- of a tenant); when it fired and, in microseconds after that, when it was acknowledged and when it ended (-1: not by
-- the watermark); and how it ended, as actions.py has it.
WITH told AS (
    SELECT
        item[1] AS item,
        tenant_id,
        source,
        stream,
        alert_id,
        epoch_us(fired_at) AS time_us,
        CASE WHEN acknowledged_at <= $watermark::TIMESTAMP
            THEN greatest(epoch_us(acknowledged_at), epoch_us(fired_at)) END AS acknowledged_us,
        CASE WHEN resolved_at <= $watermark::TIMESTAMP
            THEN greatest(epoch_us(resolved_at), epoch_us(fired_at)) END AS resolved_us,
        CASE WHEN resolved_at <= $watermark::TIMESTAMP THEN
            CASE resolution WHEN 'automatic' THEN 1 WHEN 'manual' THEN 2
                ELSE CASE WHEN resolution IS NULL THEN 0 ELSE 3 END
            END
        ELSE 0 END AS ending
    FROM alerts
),
items AS (
    SELECT item, row_number() OVER (ORDER BY item NULLS LAST) - 1 AS item_code
    FROM (SELECT DISTINCT item FROM told)
),
streams AS (
    SELECT item, tenant_id, stream, row_number() OVER () - 1 AS stream_code
    FROM (SELECT DISTINCT item, tenant_id, stream FROM told)
),
tenants AS (
    SELECT tenant_id, row_number() OVER () - 1 AS tenant_code
    FROM (SELECT DISTINCT tenant_id FROM told)
),
sources AS (
    SELECT tenant_id, source, row_number() OVER () - 1 AS source_code
    FROM (SELECT DISTINCT tenant_id, source FROM told)
)
SELECT
    item_code::BIGINT AS item_code,
    stream_code::BIGINT AS stream_code,
    tenant_code::BIGINT AS tenant_code,
    source_code::INTEGER AS source_code,
    time_us,
    coalesce(acknowledged_us - time_us, -1)::BIGINT AS acknowledged_after_us,
    coalesce(resolved_us - time_us, -1)::BIGINT AS ended_after_us,
    ending::TINYINT AS ending
FROM told
JOIN items ON items.item IS NOT DISTINCT FROM told.item
JOIN streams
    ON streams.item IS NOT DISTINCT FROM told.item
    AND streams.tenant_id IS NOT DISTINCT FROM told.tenant_id
    AND streams.stream IS NOT DISTINCT FROM told.stream
JOIN sources ON sources.tenant_id IS NOT DISTINCT FROM told.tenant_id AND sources.source IS NOT DISTINCT FROM told.source
JOIN tenants ON tenants.tenant_id IS NOT DISTINCT FROM told.tenant_id
ORDER BY item_code, time_us, alert_id
