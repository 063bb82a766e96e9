-- So that counting accounts by their state, for the metrics, reads an index and no rows.
CREATE INDEX users_state ON users (deleted_at_ms, is_active, is_verified);
