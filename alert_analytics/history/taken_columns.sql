-- A row per event, in order: what the kernel folds. The smallest whole number stands for a start that is not said.
SELECT
    place,
    line,
    code,
    epoch_us("time") AS "time",
    epoch_us(taken_at) AS taken_at,
    coalesce(epoch_us(fired_at), -9223372036854775808) AS claimed
FROM taken
ORDER BY place
