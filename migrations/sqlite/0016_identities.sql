-- Signing in through OpenID providers: who is who there, and the flows that are on their way.
CREATE TABLE identities (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,
  user_id         INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  provider        TEXT    NOT NULL, -- google, or the name of OIDC_<NAME>_* in lower case
  subject         TEXT    NOT NULL, -- `sub`: what names the person there, for ever
  email           TEXT    NOT NULL, -- as the provider vouched for it last
  email_key       TEXT    NOT NULL, -- without regard to case
  created_at_ms   INTEGER NOT NULL,
  last_used_at_ms INTEGER NOT NULL,
  UNIQUE (provider, subject)
);
CREATE INDEX identities_user ON identities (user_id);

-- A row lives from the way to the provider to the way back, ten minutes at most; nothing in it lets anybody in.
CREATE TABLE oauth_flows (
  state_hash    TEXT    PRIMARY KEY, -- SHA-256 of `state`
  browser_hash  TEXT    NOT NULL,    -- SHA-256 of the cookie; PKCE verifier and nonce come from the cookie as well
  provider      TEXT    NOT NULL,
  in_browser    INTEGER NOT NULL,    -- ends with a redirect to the web page
  redirect_to   TEXT    NOT NULL,    -- a path of the web page
  user_id       INTEGER REFERENCES users (id) ON DELETE CASCADE, -- who links an identity; NULL: somebody signs in
  session_id    INTEGER,             -- his session, which must still live at the end
  expires_at_ms INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX oauth_flows_user ON oauth_flows (user_id);
CREATE INDEX oauth_flows_expires ON oauth_flows (expires_at_ms);
