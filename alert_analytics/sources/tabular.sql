-- How a table's text is read; each macro gives null for text that it cannot read.
CREATE OR REPLACE TEMP MACRO in_utc(local_time, zone) AS timezone('UTC', timezone(zone, local_time));

-- ISO 8601: an offset counts where there is one, else the declared zone.
CREATE OR REPLACE TEMP MACRO iso_time(written, zone) AS CASE
    WHEN regexp_matches(written, ':\d\d.*(Z|[+-]\d\d(:?\d\d)?)$')
        THEN timezone('UTC', try_cast(written AS TIMESTAMP WITH TIME ZONE))
    ELSE in_utc(try_cast(written AS TIMESTAMP), zone)
END;

CREATE OR REPLACE TEMP MACRO epoch_time(written, unit_us) AS
    make_timestamp(try_cast(round(try_cast(written AS DECIMAL(28, 6)) * unit_us) AS BIGINT));

CREATE OR REPLACE TEMP MACRO point_number(written) AS try_cast(written AS DOUBLE);

CREATE OR REPLACE TEMP MACRO comma_number(written) AS
    try_cast(replace(replace(written, '.', ''), ',', '.') AS DOUBLE);

CREATE OR REPLACE TEMP MACRO labelled(label_names, label_values) AS map_from_entries(
    list_filter(list_zip(label_names, label_values), lambda entry: entry[2] IS NOT NULL)
);
