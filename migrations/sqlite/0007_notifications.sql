-- What people are told. The rows of one user get their ids in the order of their commits: here because one transaction
-- writes at a time.
CREATE TABLE notifications (
  id                INTEGER PRIMARY KEY AUTOINCREMENT,
  user_id           INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  notification_type TEXT    NOT NULL,
  title             TEXT    NOT NULL,
  message           TEXT    NOT NULL,
  data              TEXT    NOT NULL,           -- a JSON object
  dedup_key         TEXT,                       -- the same thing is told once per user
  is_silent         INTEGER NOT NULL DEFAULT 0, -- 1: made while the user wanted none; never pushed
  is_read           INTEGER NOT NULL DEFAULT 0,
  created_at_ms     INTEGER NOT NULL
);
CREATE INDEX notifications_user ON notifications (user_id, id);
CREATE INDEX notifications_unread ON notifications (user_id, is_read, id);
CREATE UNIQUE INDEX notifications_dedup ON notifications (user_id, dedup_key) WHERE dedup_key IS NOT NULL;
CREATE INDEX notifications_created ON notifications (created_at_ms);
