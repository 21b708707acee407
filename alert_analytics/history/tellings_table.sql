-- Which alert each event of the batch's timelines belongs to.
CREATE OR REPLACE TEMP TABLE tellings (
    timeline UBIGINT, kind VARCHAR, happened_at TIMESTAMP, observed_at TIMESTAMP, claimed_at TIMESTAMP, sequence BIGINT,
    fired_at TIMESTAMP
)
