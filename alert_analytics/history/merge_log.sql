-- One row: this ingest.
INSERT INTO store.ingests VALUES ($tenant, $source, $complete_until, $n_read, $now)
