"""What a user would otherwise write: SQL for DuckDB, and the same for pandas and polars."""
