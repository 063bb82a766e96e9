-- When the owner of a session last proved who they are, identities that wait for the password of an account, and ID
-- tokens that have served.
ALTER TABLE sessions ADD COLUMN authenticated_at_ms INTEGER NOT NULL DEFAULT 0;
UPDATE sessions SET authenticated_at_ms = created_at_ms;

CREATE TABLE pending_links (
  token_hash    TEXT    PRIMARY KEY, -- SHA-256 of the link token
  user_id       INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  provider      TEXT    NOT NULL,
  subject       TEXT    NOT NULL,
  email         TEXT    NOT NULL,
  expires_at_ms INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX pending_links_user ON pending_links (user_id);
CREATE INDEX pending_links_expires ON pending_links (expires_at_ms);

CREATE TABLE spent_id_tokens (
  token_hash    TEXT    PRIMARY KEY, -- SHA-256 of what the provider signed
  expires_at_ms INTEGER NOT NULL     -- from then on the token is refused for its age
) WITHOUT ROWID;
CREATE INDEX spent_id_tokens_expires ON spent_id_tokens (expires_at_ms);
