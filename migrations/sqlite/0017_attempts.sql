-- Tries of what may be guessed (passwords, invitation codes) and mails that strangers can cause. The keys are keyed hashes:
-- neither address nor account can be read from them.
CREATE TABLE attempts (
  attempt_key      TEXT    PRIMARY KEY,
  wrong            INTEGER NOT NULL, -- tries since the last right one
  next_at_ms       INTEGER NOT NULL, -- none before
  trusted_until_ms INTEGER NOT NULL, -- somebody was right here: limits shared with strangers don't count until then
  expires_at_ms    INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX attempts_expires ON attempts (expires_at_ms);
