-- Sessions and their refresh tokens, and the tokens of mailed links. Tokens are stored as SHA-256 only.
CREATE TABLE sessions (
  id                INTEGER PRIMARY KEY AUTOINCREMENT,
  user_id           INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  current_token_id  INTEGER, -- the refresh token that is good now
  previous_token_id INTEGER, -- the one spent last: may be presented again for a short while
  user_agent        TEXT    NOT NULL,
  ip_address        TEXT    NOT NULL,
  created_at_ms     INTEGER NOT NULL,
  last_used_at_ms   INTEGER NOT NULL,
  expires_at_ms     INTEGER NOT NULL,
  revoked_at_ms     INTEGER
);
CREATE INDEX sessions_user ON sessions (user_id, revoked_at_ms);
CREATE INDEX sessions_expires ON sessions (expires_at_ms);

CREATE TABLE refresh_tokens (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  session_id    INTEGER NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
  token_hash    TEXT    NOT NULL UNIQUE,
  spent_at_ms   INTEGER,
  expires_at_ms INTEGER NOT NULL
);
CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id);
CREATE INDEX refresh_tokens_expires ON refresh_tokens (expires_at_ms);

CREATE TABLE link_tokens (
  token_hash    TEXT    PRIMARY KEY,
  purpose       TEXT    NOT NULL, -- verify_email, reset_password
  user_id       INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  created_at_ms INTEGER NOT NULL,
  expires_at_ms INTEGER NOT NULL,
  used_at_ms    INTEGER
) WITHOUT ROWID;
CREATE INDEX link_tokens_user ON link_tokens (user_id, purpose);
CREATE INDEX link_tokens_expires ON link_tokens (expires_at_ms);
