-- When each user's next automatic mails are due, so that nobody is looked at before. NULL: he wants none.
CREATE TABLE reminders (
  user_id          BIGINT NOT NULL PRIMARY KEY,
  next_reminder_ms BIGINT,
  next_summary_ms  BIGINT,
  KEY reminders_reminder (next_reminder_ms),
  KEY reminders_summary (next_summary_ms),
  FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
-- Due long ago: the first run only works out when theirs are due.
INSERT INTO reminders (user_id, next_reminder_ms, next_summary_ms) SELECT id, 0, 0 FROM users WHERE deleted_at_ms IS NULL;
