-- One row: for how long, summed over alerts, alerts were open between the two times, whenever they fired.
SELECT
    coalesce(sum(
        epoch(least(coalesce(resolved_at, $watermark::TIMESTAMP), $range_end::TIMESTAMP))
        - epoch(greatest(fired_at, $range_start::TIMESTAMP))
    ), 0)::DOUBLE AS open_s
FROM alerts
WHERE fired_at < $range_end AND coalesce(resolved_at, $watermark::TIMESTAMP) > $range_start
