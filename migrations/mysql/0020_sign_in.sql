-- When a refresh token was presented first, by the database's own clock: the one that all instances share.
ALTER TABLE refresh_tokens ADD COLUMN spent_db_ms BIGINT;

-- Whether the account's address was verified at any time: such an account is never deleted as one that was left unverified.
ALTER TABLE users ADD COLUMN was_verified TINYINT NOT NULL DEFAULT 0;
UPDATE users SET was_verified = 1 WHERE is_verified = 1 OR deleted_at_ms IS NOT NULL;
CREATE INDEX users_unverified ON users (was_verified, created_at_ms);
