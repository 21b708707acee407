-- How a table's text is read; each macro gives null for text that it cannot read.
CREATE OR REPLACE TEMP MACRO in_utc(local_time, zone) AS timezone('UTC', timezone(zone, local_time));

-- Seconds to microseconds since 1970; what lies outside the years 1 to 9999 is no time.
CREATE OR REPLACE TEMP MACRO epoch_time(written, unit_us) AS make_timestamp(
    list_filter(
        [try_cast(round(try_cast(written AS DECIMAL(28, 6)) * unit_us) AS BIGINT)],
        lambda us: us BETWEEN -62135596800000000 AND 253402300799999999
    )[1]
);

-- 1.234,5 as 1234.5
CREATE OR REPLACE TEMP MACRO with_point(written) AS replace(regexp_replace(written, '[.\s]', '', 'g'), ',', '.');

CREATE OR REPLACE TEMP MACRO labelled(label_names, label_values) AS map_from_entries(
    list_filter(list_zip(label_names, label_values), lambda entry: entry[2] IS NOT NULL)
);
