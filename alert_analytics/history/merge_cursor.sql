-- How far a pull has come: one row a tenant and name.
INSERT OR REPLACE INTO store.cursors
VALUES (coalesce($tenant::VARCHAR, ''), $name, $value, $now)
