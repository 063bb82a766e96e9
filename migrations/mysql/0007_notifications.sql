-- What people are told. The rows of one user get their ids in the order of their commits: whoever adds one holds the
-- user's row of notification_turns until he commits. (No foreign key there: it would lock the user's own row too.)
CREATE TABLE notifications (
  id                BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  user_id           BIGINT NOT NULL,
  notification_type VARCHAR(30)   CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  title             VARCHAR(200)  NOT NULL,
  message           VARCHAR(2000) NOT NULL,
  data              TEXT          NOT NULL,
  dedup_key         VARCHAR(190)  CHARACTER SET ascii COLLATE ascii_bin,
  is_silent         TINYINT NOT NULL DEFAULT 0,
  is_read           TINYINT NOT NULL DEFAULT 0,
  created_at_ms     BIGINT NOT NULL,
  UNIQUE KEY notifications_dedup (user_id, dedup_key),
  KEY notifications_user (user_id, id),
  KEY notifications_unread (user_id, is_read, id),
  KEY notifications_created (created_at_ms),
  FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE notification_turns (
  user_id BIGINT NOT NULL PRIMARY KEY
) ENGINE=InnoDB;
