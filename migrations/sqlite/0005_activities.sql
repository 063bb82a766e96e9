-- What people did, and the roll-ups that every statistic reads. Roll-ups change in the transaction of their rows.
CREATE TABLE activities (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  user_id       INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  app_name      TEXT    NOT NULL,
  app_key       TEXT    NOT NULL,            -- the name, folded: what makes two spellings one app
  app_package   TEXT    NOT NULL DEFAULT '', -- '': not given
  app_category  TEXT    NOT NULL,
  duration_ms   INTEGER NOT NULL,
  activity_date TEXT    NOT NULL,            -- the user's calendar day
  start_ms      INTEGER,
  end_ms        INTEGER,
  device_type   TEXT,
  session_id    TEXT,
  client_id     TEXT,                        -- the client's own id: stored once for ever
  timezone      TEXT    NOT NULL,            -- the user's zone when it was recorded: its hours stay as they were
  created_at_ms INTEGER NOT NULL,
  updated_at_ms INTEGER NOT NULL
);
CREATE INDEX activities_created ON activities (user_id, created_at_ms, id);
CREATE INDEX activities_date ON activities (user_id, activity_date, id);
CREATE INDEX activities_duration ON activities (user_id, duration_ms, id);
CREATE INDEX activities_app ON activities (user_id, app_key, id);

-- client_ids that were used, those of deleted activities too.
CREATE TABLE activity_client_ids (
  user_id     INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  client_id   TEXT    NOT NULL,
  activity_id INTEGER NOT NULL,
  PRIMARY KEY (user_id, client_id)
) WITHOUT ROWID;

-- Per user, day and app (by name, package and category).
CREATE TABLE usage_apps (
  user_id      INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  day          TEXT    NOT NULL,
  app_key      TEXT    NOT NULL,
  app_package  TEXT    NOT NULL,
  app_category TEXT    NOT NULL,
  app_name     TEXT    NOT NULL, -- as it was last written
  total_ms     INTEGER NOT NULL,
  sessions     INTEGER NOT NULL,
  PRIMARY KEY (user_id, day, app_key, app_package, app_category)
) WITHOUT ROWID;
CREATE INDEX usage_apps_app ON usage_apps (user_id, app_key, day);

-- Per user and day.
CREATE TABLE usage_days (
  user_id  INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  day      TEXT    NOT NULL,
  total_ms INTEGER NOT NULL,
  sessions INTEGER NOT NULL,
  PRIMARY KEY (user_id, day)
) WITHOUT ROWID;

-- Per user, day and hour of the wall clock, from start and end times.
CREATE TABLE usage_hours (
  user_id  INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  day      TEXT    NOT NULL,
  hour     INTEGER NOT NULL,
  total_ms INTEGER NOT NULL,
  PRIMARY KEY (user_id, day, hour)
) WITHOUT ROWID;
