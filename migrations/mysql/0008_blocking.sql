-- Limits per app, what their counters have reached, and when schedules change next.
CREATE TABLE blocked_apps (
  id                 BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  user_id            BIGINT NOT NULL,
  app_name           VARCHAR(100) NOT NULL,
  app_key            VARCHAR(100) NOT NULL,
  app_package        VARCHAR(255) NOT NULL DEFAULT '',
  identity           VARCHAR(257) NOT NULL,
  app_category       VARCHAR(50),
  limit_ms           BIGINT NOT NULL,
  is_active          TINYINT NOT NULL,
  notify_at          INT NOT NULL,
  schedules          TEXT NOT NULL,
  schedule_announced TINYINT NOT NULL DEFAULT 0,
  reset_no           BIGINT NOT NULL DEFAULT 0,
  reset_day          CHAR(10) CHARACTER SET ascii COLLATE ascii_bin,
  reset_base_ms      BIGINT NOT NULL DEFAULT 0,
  last_blocked_at_ms BIGINT,
  last_reset_at_ms   BIGINT,
  created_at_ms      BIGINT NOT NULL,
  updated_at_ms      BIGINT NOT NULL,
  UNIQUE KEY blocked_apps_identity (user_id, identity),
  FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE limit_events (
  user_id       BIGINT NOT NULL,
  entry_id      BIGINT NOT NULL,
  day           CHAR(10)    CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  reset_no      BIGINT NOT NULL,
  threshold     VARCHAR(10) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  created_at_ms BIGINT NOT NULL,
  PRIMARY KEY (user_id, day, entry_id, reset_no, threshold),
  KEY limit_events_created (created_at_ms)
) ENGINE=InnoDB;

CREATE TABLE limit_states (
  user_id        BIGINT NOT NULL PRIMARY KEY,
  version        BIGINT NOT NULL,
  timezone       VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  next_change_ms BIGINT,
  KEY limit_states_next (next_change_ms)
) ENGINE=InnoDB;
