-- When the owner of a session last proved who they are, identities that wait for the password of an account, and ID
-- tokens that have served.
ALTER TABLE sessions ADD COLUMN authenticated_at_ms BIGINT NOT NULL DEFAULT 0;
UPDATE sessions SET authenticated_at_ms = created_at_ms;

CREATE TABLE pending_links (
  token_hash    CHAR(64)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  user_id       BIGINT       NOT NULL,
  provider      VARCHAR(50)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  subject       VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  email         VARCHAR(254) NOT NULL,
  expires_at_ms BIGINT       NOT NULL,
  KEY pending_links_user (user_id),
  KEY pending_links_expires (expires_at_ms),
  FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE spent_id_tokens (
  token_hash    CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  expires_at_ms BIGINT   NOT NULL,
  KEY spent_id_tokens_expires (expires_at_ms)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
