-- Roll-ups also per device and over all time, so that no list counts over history; lists that are filtered by app or
-- day in the order of their index; what users call their apps; answers kept for Idempotency-Key.
DROP INDEX activities_date;
CREATE INDEX activities_date ON activities (user_id, activity_date, created_at_ms);
DROP INDEX activities_app;
CREATE INDEX activities_app ON activities (user_id, app_key, created_at_ms);

-- Per user, day and app (by name, package, category and device).
DROP TABLE usage_apps;
CREATE TABLE usage_apps (
  user_id      INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  day          TEXT    NOT NULL,
  app_key      TEXT    NOT NULL,
  app_package  TEXT    NOT NULL,
  app_category TEXT    NOT NULL,
  device_type  TEXT    NOT NULL, -- '': not given
  app_name     TEXT    NOT NULL, -- as it was last written
  total_ms     INTEGER NOT NULL,
  sessions     INTEGER NOT NULL,
  PRIMARY KEY (user_id, day, app_key, app_package, app_category, device_type)
) WITHOUT ROWID;
CREATE INDEX usage_apps_app ON usage_apps (user_id, app_key, day);
INSERT INTO usage_apps
SELECT user_id, activity_date, app_key, app_package, app_category, COALESCE(device_type, ''), MAX(app_name), SUM(duration_ms), COUNT(*)
FROM activities GROUP BY user_id, activity_date, app_key, app_package, app_category, COALESCE(device_type, '');

-- The same over all days.
CREATE TABLE usage_totals (
  user_id      INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  app_key      TEXT    NOT NULL,
  app_package  TEXT    NOT NULL,
  app_category TEXT    NOT NULL,
  device_type  TEXT    NOT NULL,
  app_name     TEXT    NOT NULL,
  total_ms     INTEGER NOT NULL,
  sessions     INTEGER NOT NULL,
  PRIMARY KEY (user_id, app_key, app_package, app_category, device_type)
) WITHOUT ROWID;
INSERT INTO usage_totals
SELECT user_id, app_key, app_package, app_category, device_type, MAX(app_name), SUM(total_ms), SUM(sessions)
FROM usage_apps GROUP BY user_id, app_key, app_package, app_category, device_type;

-- What a user calls an app and counts it as, for himself.
CREATE TABLE app_settings (
  user_id       INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  app_key       TEXT    NOT NULL,
  display_name  TEXT,            -- NULL: as recorded
  display_key   TEXT,            -- the same, folded
  app_category  TEXT,            -- NULL: as recorded
  updated_at_ms INTEGER NOT NULL,
  PRIMARY KEY (user_id, app_key)
) WITHOUT ROWID;

-- The answer of each request that came with an Idempotency-Key, written in the transaction of what it did.
CREATE TABLE idempotency_keys (
  user_id       INTEGER NOT NULL, -- 0: nobody signed in
  route         TEXT    NOT NULL,
  request_key   TEXT    NOT NULL,
  fingerprint   TEXT    NOT NULL, -- of the request's target and body, keyed
  status        INTEGER NOT NULL,
  answer        TEXT    NOT NULL,
  expires_at_ms INTEGER NOT NULL,
  PRIMARY KEY (user_id, route, request_key)
) WITHOUT ROWID;
CREATE INDEX idempotency_keys_expires ON idempotency_keys (expires_at_ms);
