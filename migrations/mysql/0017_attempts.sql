-- Tries of what may be guessed (passwords, invitation codes) and mails that strangers can cause. The keys are keyed hashes:
-- neither address nor account can be read from them.
CREATE TABLE attempts (
  attempt_key      CHAR(43) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  wrong            INT    NOT NULL, -- tries since the last right one
  next_at_ms       BIGINT NOT NULL, -- none before
  trusted_until_ms BIGINT NOT NULL, -- somebody was right here: limits shared with strangers don't count until then
  expires_at_ms    BIGINT NOT NULL,
  KEY attempts_expires (expires_at_ms)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
