-- Limits per app, what their counters have reached, and when schedules change next.
CREATE TABLE blocked_apps (
  id                 INTEGER PRIMARY KEY AUTOINCREMENT,
  user_id            INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  app_name           TEXT    NOT NULL,
  app_key            TEXT    NOT NULL,            -- the name, folded
  app_package        TEXT    NOT NULL DEFAULT '', -- '': not given
  identity           TEXT    NOT NULL,            -- what an app is listed by: its package, else its name
  app_category       TEXT,
  limit_ms           INTEGER NOT NULL,
  is_active          INTEGER NOT NULL,
  notify_at          INTEGER NOT NULL,            -- percent of the limit
  schedules          TEXT    NOT NULL,            -- a JSON array
  schedule_announced INTEGER NOT NULL DEFAULT 0,  -- 1: the user was told that a schedule blocks it now
  reset_no           INTEGER NOT NULL DEFAULT 0,
  reset_day          TEXT,                        -- the day whose counter starts at reset_base_ms
  reset_base_ms      INTEGER NOT NULL DEFAULT 0,
  last_blocked_at_ms INTEGER,
  last_reset_at_ms   INTEGER,
  created_at_ms      INTEGER NOT NULL,
  updated_at_ms      INTEGER NOT NULL
);
CREATE UNIQUE INDEX blocked_apps_identity ON blocked_apps (user_id, identity);

-- What was reached and told: each at most once.
CREATE TABLE limit_events (
  user_id       INTEGER NOT NULL,
  entry_id      INTEGER NOT NULL, -- of blocked_apps; 0: the overall daily limit
  day           TEXT    NOT NULL,
  reset_no      INTEGER NOT NULL,
  threshold     TEXT    NOT NULL, -- warning, limit
  created_at_ms INTEGER NOT NULL,
  PRIMARY KEY (user_id, day, entry_id, reset_no, threshold)
) WITHOUT ROWID;
CREATE INDEX limit_events_created ON limit_events (created_at_ms);

-- Per user with limits: the version of his rules, and when a schedule begins or ends next.
CREATE TABLE limit_states (
  user_id        INTEGER PRIMARY KEY,
  version        INTEGER NOT NULL,
  timezone       TEXT    NOT NULL, -- that next_change_ms was computed in
  next_change_ms INTEGER           -- NULL: never
);
CREATE INDEX limit_states_next ON limit_states (next_change_ms) WHERE next_change_ms IS NOT NULL;
