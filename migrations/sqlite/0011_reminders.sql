-- When each user's next automatic mails are due, so that nobody is looked at before. NULL: he wants none.
CREATE TABLE reminders (
  user_id          INTEGER PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
  next_reminder_ms INTEGER,
  next_summary_ms  INTEGER
);
CREATE INDEX reminders_reminder ON reminders (next_reminder_ms) WHERE next_reminder_ms IS NOT NULL;
CREATE INDEX reminders_summary ON reminders (next_summary_ms) WHERE next_summary_ms IS NOT NULL;
-- Due long ago: the first run only works out when theirs are due.
INSERT INTO reminders (user_id, next_reminder_ms, next_summary_ms) SELECT id, 0, 0 FROM users WHERE deleted_at_ms IS NULL;
