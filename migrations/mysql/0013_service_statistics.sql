-- Sums over all users, so that no statistic of the service reads what it counts.

-- Kept by whoever changes what they count, in the same transaction. A sum has several rows per day, so that nobody waits
-- for somebody else's.
CREATE TABLE counters (
  name  VARCHAR(50) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  day   CHAR(10)    CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  shard INT    NOT NULL,
  value BIGINT NOT NULL,
  PRIMARY KEY (name, day, shard)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO counters
SELECT 'users.joined', DATE_FORMAT(DATE_ADD('1970-01-01', INTERVAL FLOOR(created_at_ms / 86400000) DAY), '%Y-%m-%d') AS joined, 0, COUNT(*)
FROM users GROUP BY joined;
INSERT INTO counters
SELECT 'users.gone', DATE_FORMAT(DATE_ADD('1970-01-01', INTERVAL FLOOR(deleted_at_ms / 86400000) DAY), '%Y-%m-%d') AS gone, 0, COUNT(*)
FROM users WHERE deleted_at_ms IS NOT NULL GROUP BY gone;
INSERT INTO counters
SELECT 'users.active', DATE_FORMAT(DATE_ADD('1970-01-01', INTERVAL FLOOR(created_at_ms / 86400000) DAY), '%Y-%m-%d') AS joined, 0,
  SUM(is_active) FROM users WHERE deleted_at_ms IS NULL GROUP BY joined;
INSERT INTO counters
SELECT 'users.verified', DATE_FORMAT(DATE_ADD('1970-01-01', INTERVAL FLOOR(created_at_ms / 86400000) DAY), '%Y-%m-%d') AS joined, 0,
  SUM(is_verified) FROM users WHERE deleted_at_ms IS NULL GROUP BY joined;
INSERT INTO counters
SELECT 'blocked_apps', DATE_FORMAT(DATE_ADD('1970-01-01', INTERVAL FLOOR(created_at_ms / 86400000) DAY), '%Y-%m-%d') AS made, 0, COUNT(*)
FROM blocked_apps GROUP BY made;
INSERT INTO counters
SELECT 'mails.sent', DATE_FORMAT(DATE_ADD('1970-01-01', INTERVAL FLOOR(sent_at_ms / 86400000) DAY), '%Y-%m-%d') AS sent, 0, COUNT(*)
FROM outbox WHERE status = 'sent' GROUP BY sent;

-- What activities changed, appended in their transactions; a job folds it into the tables below and deletes it.
CREATE TABLE usage_changes (
  id           BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  user_id      BIGINT NOT NULL,
  day          CHAR(10) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  app_key      VARCHAR(100) NOT NULL,
  app_name     VARCHAR(100) NOT NULL,
  app_category VARCHAR(50)  NOT NULL,
  total_ms     BIGINT NOT NULL,
  activities   BIGINT NOT NULL,
  users        INT    NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Held by whoever folds: one at a time.
CREATE TABLE fold_turn (
  id   INT    NOT NULL PRIMARY KEY,
  turn BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO fold_turn VALUES (1, 0);

CREATE TABLE service_days (
  day        CHAR(10) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  total_ms   BIGINT NOT NULL,
  activities BIGINT NOT NULL,
  users      BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO service_days SELECT day, SUM(total_ms), SUM(sessions), COUNT(*) FROM usage_days GROUP BY day;

CREATE TABLE service_apps (
  day          CHAR(10) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  app_key      VARCHAR(100) NOT NULL,
  app_name     VARCHAR(100) NOT NULL,
  app_category VARCHAR(50)  NOT NULL,
  total_ms     BIGINT NOT NULL,
  activities   BIGINT NOT NULL,
  PRIMARY KEY (app_key, day),
  KEY service_apps_day (day, app_key, total_ms, activities)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO service_apps (day, app_key, app_name, app_category, total_ms, activities)
SELECT day, app_key, MAX(app_name), MAX(app_category), SUM(total_ms), SUM(sessions) FROM usage_apps GROUP BY day, app_key;

CREATE TABLE user_totals (
  user_id    BIGINT NOT NULL PRIMARY KEY,
  total_ms   BIGINT NOT NULL,
  activities BIGINT NOT NULL,
  KEY user_totals_top (total_ms)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO user_totals SELECT user_id, SUM(total_ms), SUM(sessions) FROM usage_days GROUP BY user_id;

-- The last day on which a user has used an app ('': any), and how many have each day as their last: the users of a period
-- that ends today are those whose last day lies in it.
CREATE TABLE last_uses (
  user_id BIGINT NOT NULL,
  app_key VARCHAR(100) NOT NULL,
  day     CHAR(10) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  PRIMARY KEY (user_id, app_key)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO last_uses SELECT user_id, app_key, MAX(day) FROM usage_apps GROUP BY user_id, app_key;
INSERT INTO last_uses SELECT user_id, '', MAX(day) FROM usage_days GROUP BY user_id;

CREATE TABLE last_use_days (
  app_key VARCHAR(100) NOT NULL,
  day     CHAR(10) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  users   BIGINT NOT NULL,
  PRIMARY KEY (app_key, day)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO last_use_days SELECT app_key, day, COUNT(*) FROM last_uses GROUP BY app_key, day;

-- Accounts whose every row is to go; large ones take a while.
CREATE TABLE purges (
  user_id       BIGINT NOT NULL PRIMARY KEY,
  requested_by  BIGINT NOT NULL,
  created_at_ms BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- What administrators tell many people, and how far it has come.
CREATE TABLE announcements (
  id            BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  title         VARCHAR(200)  NOT NULL,
  message       VARCHAR(2000) NOT NULL,
  created_by    BIGINT NOT NULL,
  after_user_id BIGINT NOT NULL DEFAULT 0,
  told          BIGINT NOT NULL DEFAULT 0,
  created_at_ms BIGINT NOT NULL,
  done_at_ms    BIGINT,
  KEY announcements_open (done_at_ms, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Processes of the service and when they were last heard of (by the system's clock, which tests don't set).
CREATE TABLE instances (
  name          VARCHAR(200) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  version       VARCHAR(50)  NOT NULL,
  started_at_ms BIGINT NOT NULL,
  seen_at_ms    BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- What administrators look for and sort by.
ALTER TABLE users
  ADD COLUMN full_name_key VARCHAR(200),
  ADD KEY users_login (last_login_ms),
  ADD KEY users_role (role);
UPDATE users SET full_name_key = LOWER(full_name) WHERE full_name IS NOT NULL;
ALTER TABLE challenges
  ADD KEY challenges_state (deleted_at_ms, cancelled_at_ms, frozen_at_ms, starts_at_ms),
  ADD KEY challenges_all (created_at_ms);
ALTER TABLE blocked_apps
  ADD KEY blocked_apps_zero (limit_ms, is_active),
  ADD KEY blocked_apps_announced (schedule_announced, is_active);
