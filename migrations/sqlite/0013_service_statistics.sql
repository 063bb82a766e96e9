-- Sums over all users, so that no statistic of the service reads what it counts.

-- Kept by whoever changes what they count, in the same transaction. A sum has several rows per day, so that nobody waits
-- for somebody else's.
CREATE TABLE counters (
  name  TEXT    NOT NULL,
  day   TEXT    NOT NULL, -- UTC, of the change
  shard INTEGER NOT NULL,
  value INTEGER NOT NULL,
  PRIMARY KEY (name, day, shard)
) WITHOUT ROWID;
INSERT INTO counters
SELECT 'users.joined', strftime('%Y-%m-%d', created_at_ms / 1000, 'unixepoch'), 0, COUNT(*) FROM users GROUP BY 2;
INSERT INTO counters
SELECT 'users.gone', strftime('%Y-%m-%d', deleted_at_ms / 1000, 'unixepoch'), 0, COUNT(*) FROM users WHERE deleted_at_ms IS NOT NULL
GROUP BY 2;
INSERT INTO counters
SELECT 'users.active', strftime('%Y-%m-%d', created_at_ms / 1000, 'unixepoch'), 0, SUM(is_active) FROM users WHERE deleted_at_ms IS NULL
GROUP BY 2;
INSERT INTO counters
SELECT 'users.verified', strftime('%Y-%m-%d', created_at_ms / 1000, 'unixepoch'), 0, SUM(is_verified) FROM users
WHERE deleted_at_ms IS NULL GROUP BY 2;
INSERT INTO counters
SELECT 'blocked_apps', strftime('%Y-%m-%d', created_at_ms / 1000, 'unixepoch'), 0, COUNT(*) FROM blocked_apps GROUP BY 2;
INSERT INTO counters
SELECT 'mails.sent', strftime('%Y-%m-%d', sent_at_ms / 1000, 'unixepoch'), 0, COUNT(*) FROM outbox WHERE status = 'sent' GROUP BY 2;

-- What activities changed, appended in their transactions; a job folds it into the tables below and deletes it.
CREATE TABLE usage_changes (
  id           INTEGER PRIMARY KEY,
  user_id      INTEGER NOT NULL,
  day          TEXT    NOT NULL, -- the activities' date
  app_key      TEXT    NOT NULL,
  app_name     TEXT    NOT NULL,
  app_category TEXT    NOT NULL,
  total_ms     INTEGER NOT NULL,
  activities   INTEGER NOT NULL,
  users        INTEGER NOT NULL  -- 1: the user's first of the day came with it, -1: his last went
);

-- Held by whoever folds: one at a time.
CREATE TABLE fold_turn (
  id   INTEGER PRIMARY KEY,
  turn INTEGER NOT NULL
);
INSERT INTO fold_turn VALUES (1, 0);

CREATE TABLE service_days (
  day        TEXT    PRIMARY KEY,
  total_ms   INTEGER NOT NULL,
  activities INTEGER NOT NULL,
  users      INTEGER NOT NULL -- who have data on it
) WITHOUT ROWID;
INSERT INTO service_days SELECT day, SUM(total_ms), SUM(sessions), COUNT(*) FROM usage_days GROUP BY day;

CREATE TABLE service_apps (
  day          TEXT    NOT NULL,
  app_key      TEXT    NOT NULL,
  app_name     TEXT    NOT NULL, -- as it was last written
  app_category TEXT    NOT NULL,
  total_ms     INTEGER NOT NULL,
  activities   INTEGER NOT NULL,
  PRIMARY KEY (app_key, day)
) WITHOUT ROWID;
CREATE INDEX service_apps_day ON service_apps (day, app_key, total_ms, activities);
INSERT INTO service_apps (day, app_key, app_name, app_category, total_ms, activities)
SELECT day, app_key, MAX(app_name), MAX(app_category), SUM(total_ms), SUM(sessions) FROM usage_apps GROUP BY day, app_key;

CREATE TABLE user_totals (
  user_id    INTEGER PRIMARY KEY,
  total_ms   INTEGER NOT NULL,
  activities INTEGER NOT NULL
);
CREATE INDEX user_totals_top ON user_totals (total_ms);
INSERT INTO user_totals SELECT user_id, SUM(total_ms), SUM(sessions) FROM usage_days GROUP BY user_id;

-- The last day on which a user has used an app ('': any), and how many have each day as their last: the users of a period
-- that ends today are those whose last day lies in it.
CREATE TABLE last_uses (
  user_id INTEGER NOT NULL,
  app_key TEXT    NOT NULL,
  day     TEXT    NOT NULL,
  PRIMARY KEY (user_id, app_key)
) WITHOUT ROWID;
INSERT INTO last_uses SELECT user_id, app_key, MAX(day) FROM usage_apps GROUP BY user_id, app_key;
INSERT INTO last_uses SELECT user_id, '', MAX(day) FROM usage_days GROUP BY user_id;

CREATE TABLE last_use_days (
  app_key TEXT    NOT NULL,
  day     TEXT    NOT NULL,
  users   INTEGER NOT NULL,
  PRIMARY KEY (app_key, day)
) WITHOUT ROWID;
INSERT INTO last_use_days SELECT app_key, day, COUNT(*) FROM last_uses GROUP BY app_key, day;

-- Accounts whose every row is to go; large ones take a while.
CREATE TABLE purges (
  user_id       INTEGER PRIMARY KEY,
  requested_by  INTEGER NOT NULL,
  created_at_ms INTEGER NOT NULL
);

-- What administrators tell many people, and how far it has come.
CREATE TABLE announcements (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  title         TEXT    NOT NULL,
  message       TEXT    NOT NULL,
  created_by    INTEGER NOT NULL,
  after_user_id INTEGER NOT NULL DEFAULT 0, -- up to whom it was told
  told          INTEGER NOT NULL DEFAULT 0,
  created_at_ms INTEGER NOT NULL,
  done_at_ms    INTEGER
);
CREATE INDEX announcements_open ON announcements (id) WHERE done_at_ms IS NULL;

-- Processes of the service and when they were last heard of (by the system's clock, which tests don't set).
CREATE TABLE instances (
  name          TEXT    PRIMARY KEY,
  version       TEXT    NOT NULL,
  started_at_ms INTEGER NOT NULL,
  seen_at_ms    INTEGER NOT NULL
) WITHOUT ROWID;

-- What administrators look for (the folded name) and sort by.
ALTER TABLE users ADD COLUMN full_name_key TEXT;
UPDATE users SET full_name_key = LOWER(full_name) WHERE full_name IS NOT NULL;
CREATE INDEX users_login ON users (last_login_ms);
CREATE INDEX users_admins ON users (role) WHERE role = 'admin';
CREATE INDEX challenges_state ON challenges (cancelled_at_ms, frozen_at_ms, starts_at_ms) WHERE deleted_at_ms IS NULL;
CREATE INDEX challenges_all ON challenges (created_at_ms);
CREATE INDEX blocked_apps_always ON blocked_apps (id) WHERE is_active = 1 AND (limit_ms = 0 OR schedule_announced = 1);
