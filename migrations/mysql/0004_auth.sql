-- Sessions and their refresh tokens, and the tokens of mailed links. Tokens are stored as SHA-256 only.
CREATE TABLE sessions (
  id                BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  user_id           BIGINT NOT NULL,
  current_token_id  BIGINT,
  previous_token_id BIGINT,
  user_agent        VARCHAR(255) NOT NULL,
  ip_address        VARCHAR(45) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  created_at_ms     BIGINT NOT NULL,
  last_used_at_ms   BIGINT NOT NULL,
  expires_at_ms     BIGINT NOT NULL,
  revoked_at_ms     BIGINT,
  KEY sessions_user (user_id, revoked_at_ms),
  KEY sessions_expires (expires_at_ms),
  FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE refresh_tokens (
  id            BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  session_id    BIGINT NOT NULL,
  token_hash    CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  spent_at_ms   BIGINT,
  expires_at_ms BIGINT NOT NULL,
  UNIQUE KEY refresh_tokens_hash (token_hash),
  KEY refresh_tokens_session (session_id),
  KEY refresh_tokens_expires (expires_at_ms),
  FOREIGN KEY (session_id) REFERENCES sessions (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE link_tokens (
  token_hash    CHAR(64)    CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  purpose       VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  user_id       BIGINT NOT NULL,
  created_at_ms BIGINT NOT NULL,
  expires_at_ms BIGINT NOT NULL,
  used_at_ms    BIGINT,
  KEY link_tokens_user (user_id, purpose),
  KEY link_tokens_expires (expires_at_ms),
  FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
