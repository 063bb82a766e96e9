-- The time that was trusted last, so that a clock that leaps deletes nothing; the one that is on trial. NULL: none yet.
CREATE TABLE clock_marks (
  id             INT NOT NULL PRIMARY KEY,
  trusted_ms     BIGINT,
  trial_since_ms BIGINT,
  trial_seen_ms  BIGINT
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO clock_marks (id) VALUES (1);

-- Whom an answer describes (a registration's is kept for nobody): it goes with that account.
ALTER TABLE idempotency_keys ADD COLUMN about_user_id BIGINT, ADD KEY idempotency_keys_about (about_user_id);
UPDATE idempotency_keys SET about_user_id = JSON_UNQUOTE(JSON_EXTRACT(answer, '$.id'))
WHERE route IN ('POST /api/auth/register', 'POST /api/admin/users') AND JSON_EXTRACT(answer, '$.id') IS NOT NULL;

-- keeps_rows = 1: only what tells the account's devices and addresses goes, from its activities and its audit entries.
ALTER TABLE purges ADD COLUMN keeps_rows TINYINT NOT NULL DEFAULT 0;
INSERT INTO purges (user_id, requested_by, created_at_ms, keeps_rows)
SELECT id, id, deleted_at_ms, 1 FROM users WHERE deleted_at_ms IS NOT NULL AND id NOT IN (SELECT user_id FROM purges);

-- Others' names in notifications become the mark that is read as the name which the account has then (0: none). The data
-- last and apart: the name is read from them.
UPDATE notifications n LEFT JOIN users u ON u.username_key = LOWER(JSON_UNQUOTE(JSON_EXTRACT(n.data, '$.username'))) SET
  n.title = REPLACE(n.title, JSON_UNQUOTE(JSON_EXTRACT(n.data, '$.username')),
    CONCAT(CHAR(31 USING utf8mb4), COALESCE(u.id, 0), CHAR(31 USING utf8mb4))),
  n.message = REPLACE(n.message, JSON_UNQUOTE(JSON_EXTRACT(n.data, '$.username')),
    CONCAT(CHAR(31 USING utf8mb4), COALESCE(u.id, 0), CHAR(31 USING utf8mb4)))
WHERE n.notification_type = 'challenge_update' AND JSON_TYPE(JSON_EXTRACT(n.data, '$.username')) = 'STRING';
UPDATE notifications n LEFT JOIN users u ON u.username_key = LOWER(JSON_UNQUOTE(JSON_EXTRACT(n.data, '$.username'))) SET
  n.data = REPLACE(n.data, CONCAT('"username":"', JSON_UNQUOTE(JSON_EXTRACT(n.data, '$.username')), '"'),
    CONCAT('"username":"', CHAR(92 USING utf8mb4), 'u001f', COALESCE(u.id, 0), CHAR(92 USING utf8mb4), 'u001f"'))
WHERE n.notification_type = 'challenge_update' AND JSON_TYPE(JSON_EXTRACT(n.data, '$.username')) = 'STRING';
