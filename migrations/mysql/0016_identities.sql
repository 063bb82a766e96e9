-- Signing in through OpenID providers: who is who there, and the flows that are on their way.
CREATE TABLE identities (
  id              BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  user_id         BIGINT NOT NULL,
  provider        VARCHAR(50)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  subject         VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  email           VARCHAR(254) NOT NULL,
  email_key       VARCHAR(254) NOT NULL,
  created_at_ms   BIGINT NOT NULL,
  last_used_at_ms BIGINT NOT NULL,
  UNIQUE KEY identities_subject (provider, subject),
  KEY identities_user (user_id),
  FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- A row lives from the way to the provider to the way back, ten minutes at most; nothing in it lets anybody in.
CREATE TABLE oauth_flows (
  state_hash    CHAR(64)      CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  browser_hash  CHAR(64)      CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  provider      VARCHAR(50)   CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  in_browser    TINYINT       NOT NULL,
  redirect_to   VARCHAR(1024) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  user_id       BIGINT,
  session_id    BIGINT,
  expires_at_ms BIGINT        NOT NULL,
  KEY oauth_flows_user (user_id),
  KEY oauth_flows_expires (expires_at_ms),
  FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
