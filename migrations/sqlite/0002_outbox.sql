-- Mails as rows: written in the transaction of what caused them, delivered afterwards.
CREATE TABLE outbox (
  id                 INTEGER PRIMARY KEY AUTOINCREMENT,
  type               TEXT    NOT NULL,           -- the template's name
  recipient          TEXT    NOT NULL,           -- address; '' once the user is deleted
  language           TEXT    NOT NULL,
  user_id            INTEGER,                    -- no foreign key: rows outlive their users
  bulk               INTEGER NOT NULL DEFAULT 0, -- 1: after the mails that somebody waits for
  status             TEXT    NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'sending', 'sent', 'failed', 'dead')),
  attempts           INTEGER NOT NULL DEFAULT 0,
  last_error         TEXT,
  sealed             TEXT,                       -- the template's values, encrypted; NULL once sent or dead
  dedup_key          TEXT,
  created_at_ms      INTEGER NOT NULL,
  sent_at_ms         INTEGER,
  next_attempt_at_ms INTEGER,                    -- NULL once sent or dead
  lease              TEXT,                       -- the worker that holds the row
  lease_until_ms     INTEGER NOT NULL DEFAULT 0  -- by the system's clock, which tests don't set
);
CREATE UNIQUE INDEX outbox_dedup ON outbox (dedup_key) WHERE dedup_key IS NOT NULL;
CREATE INDEX outbox_due ON outbox (bulk, next_attempt_at_ms) WHERE next_attempt_at_ms IS NOT NULL;
CREATE INDEX outbox_lease ON outbox (lease) WHERE lease IS NOT NULL;
CREATE INDEX outbox_status ON outbox (status, id);
CREATE INDEX outbox_user ON outbox (user_id);
