-- A row per alert, by any clock: the codes of its group and cluster (as in resolution.sql); in microseconds since it
-- fired, when it came under observation, when it ended (or until when it was followed) and when it was last seen open;
-- whether what the clock waits for was seen; by what it was resolved (1 automatic, 2 manual, 3 expired, 4 cancelled, 5
-- unknown); in `fault` why it says nothing (null: it does); whether it tells the time that the clock waits for at all.
WITH read AS (
    SELECT
        series, "cluster", tenant_id, service, rule, fired_at, acknowledged_at, resolved_at, resolution,
        -- Text becomes UTC: an offset counts where there is one.
        list_transform(
            [
                coalesce(
                    closed[1], CASE WHEN json_valid(metadata) THEN json_extract_string(metadata, '$.closed_at') END
                ),
                entered[1],
                looked[1]
            ],
            lambda word: {
                'is_given': word IS NOT NULL,
                'at': CASE
                    WHEN regexp_matches(word, ':\d\d.*([A-Za-z]|[+-]\d\d(:?\d\d)?)$')
                        THEN timezone('UTC', try_cast(word AS TIMESTAMPTZ))
                    ELSE try_cast(word AS TIMESTAMP)
                END
            }
        ) AS told
    FROM alerts
),
clocked AS (
    SELECT
        *,
        CASE $clock WHEN 'time_to_acknowledge' THEN acknowledged_at WHEN 'time_to_close' THEN told[1].at
        ELSE resolved_at END AS ended_at,
        -- Who waits for an acknowledgement waits no longer once it is over.
        least(CASE WHEN $clock = 'time_to_acknowledge' THEN resolved_at END, $watermark::TIMESTAMP) AS known_until,
        coalesce(told[2].at, $observed_from::TIMESTAMP) AS entered_at
    FROM read
),
timed AS (
    SELECT
        series,
        tenant_id,
        cluster[1] AS label,
        CASE WHEN cluster[1] IS NULL THEN coalesce(service, rule) END AS origin,
        CASE WHEN cluster[1] IS NULL THEN fired_at::DATE END AS day,
        coalesce(ended_at <= $watermark::TIMESTAMP, false) AS ended,
        greatest(epoch_us(CASE WHEN ended THEN ended_at ELSE known_until END) - epoch_us(fired_at), 0) AS duration_us,
        greatest(coalesce(epoch_us(entered_at) - epoch_us(fired_at), 0), 0) AS entry_us,
        CASE WHEN told[3].at IS NOT NULL THEN greatest(epoch_us(told[3].at) - epoch_us(fired_at), 0) END AS looked_us,
        coalesce(list_position(['automatic', 'manual', 'expired', 'cancelled'], resolution), 5)::TINYINT AS cause,
        CASE
            WHEN $clock = 'time_to_close' AND told[1].is_given AND told[1].at IS NULL THEN 'its closed_at is no time'
            WHEN $clock = 'time_to_close' AND told[1].at < fired_at THEN 'its closed_at precedes fired_at'
            WHEN told[2].is_given AND told[2].at IS NULL THEN 'the begin of its observation is no time'
            WHEN told[3].is_given AND told[3].at IS NULL THEN 'when it was last seen open is no time'
            WHEN ended AND told[3].at > ended_at THEN 'it was seen open after its end'
            WHEN entry_us > 0 AND entry_us >= duration_us THEN 'it was over before its observation began'
        END AS fault,
        $clock <> 'time_to_close' OR told[1].is_given AS is_told
    FROM clocked
),
groups AS (
    SELECT series, (row_number() OVER (ORDER BY series) - 1)::INTEGER AS group_code
    FROM (SELECT DISTINCT series FROM timed)
),
clusters AS (
    SELECT *, (row_number() OVER () - 1)::INTEGER AS cluster_code
    FROM (SELECT DISTINCT tenant_id, label, origin, day FROM timed)
)
SELECT group_code, cluster_code, entry_us, duration_us, looked_us, ended, cause, fault, is_told
FROM timed
JOIN groups ON groups.series IS NOT DISTINCT FROM timed.series
JOIN clusters
    ON clusters.tenant_id IS NOT DISTINCT FROM timed.tenant_id
    AND clusters.label IS NOT DISTINCT FROM timed.label
    AND clusters.origin IS NOT DISTINCT FROM timed.origin
    AND clusters.day IS NOT DISTINCT FROM timed.day
