-- The audit trail: who did what, when, from where. Written in the transaction of what it records.
CREATE TABLE audit_log (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  level         TEXT    NOT NULL,
  action        TEXT    NOT NULL,
  message       TEXT    NOT NULL,
  details       TEXT    NOT NULL, -- a JSON object
  user_id       INTEGER,          -- who did it; no foreign key: entries outlive their users
  ip_address    TEXT,
  user_agent    TEXT,
  endpoint      TEXT,
  resource_type TEXT,
  resource_id   INTEGER,
  request_id    TEXT,
  created_at_ms INTEGER NOT NULL
);
CREATE INDEX audit_log_created ON audit_log (created_at_ms);
CREATE INDEX audit_log_action ON audit_log (action, id);
CREATE INDEX audit_log_user ON audit_log (user_id, id);
