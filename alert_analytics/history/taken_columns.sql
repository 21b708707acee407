-- A row per event, in order: what the kernel folds. The smallest whole number stands for a time that is not known.
SELECT
    place,
    line,
    code,
    epoch_us("time") AS "time",
    epoch_us(taken_at) AS taken_at,
    coalesce(epoch_us(fired_at), -9223372036854775808) AS claimed,
    coalesce(epoch_us(ends.ended_at), -9223372036854775808) AS ended
FROM taken LEFT JOIN ends USING (timeline)
ORDER BY place
