-- The time that was trusted last, so that a clock that leaps deletes nothing; the one that is on trial. NULL: none yet.
CREATE TABLE clock_marks (
  id             INTEGER PRIMARY KEY,
  trusted_ms     INTEGER,
  trial_since_ms INTEGER,
  trial_seen_ms  INTEGER
);
INSERT INTO clock_marks (id) VALUES (1);

-- Whom an answer describes (a registration's is kept for nobody): it goes with that account.
ALTER TABLE idempotency_keys ADD COLUMN about_user_id INTEGER;
CREATE INDEX idempotency_keys_about ON idempotency_keys (about_user_id) WHERE about_user_id IS NOT NULL;
UPDATE idempotency_keys SET about_user_id = json_extract(answer, '$.id')
WHERE route IN ('POST /api/auth/register', 'POST /api/admin/users') AND json_valid(answer);

-- keeps_rows = 1: only what tells the account's devices and addresses goes, from its activities and its audit entries.
ALTER TABLE purges ADD COLUMN keeps_rows INTEGER NOT NULL DEFAULT 0;
INSERT INTO purges (user_id, requested_by, created_at_ms, keeps_rows)
SELECT id, id, deleted_at_ms, 1 FROM users WHERE deleted_at_ms IS NOT NULL AND id NOT IN (SELECT user_id FROM purges);

-- Others' names in notifications become the mark that is read as the name which the account has then (0: none).
UPDATE notifications SET
  title = replace(title, json_extract(data, '$.username'), char(31) || COALESCE(
    (SELECT id FROM users WHERE username_key = lower(json_extract(data, '$.username'))), 0) || char(31)),
  message = replace(message, json_extract(data, '$.username'), char(31) || COALESCE(
    (SELECT id FROM users WHERE username_key = lower(json_extract(data, '$.username'))), 0) || char(31)),
  data = json_set(data, '$.username', char(31) || COALESCE(
    (SELECT id FROM users WHERE username_key = lower(json_extract(data, '$.username'))), 0) || char(31))
WHERE notification_type = 'challenge_update' AND json_extract(data, '$.username') <> '';
