-- The audit trail counted by day, level and action, so that its statistics read no entries; a job counts what is new.
CREATE TABLE audit_days (
  day     INTEGER NOT NULL, -- UTC, days since 1970-01-01
  level   TEXT    NOT NULL,
  action  TEXT    NOT NULL,
  entries INTEGER NOT NULL,
  PRIMARY KEY (day, level, action)
) WITHOUT ROWID;

-- The last day on which a user did something, and how many have each day as their last.
CREATE TABLE audit_users (
  user_id INTEGER PRIMARY KEY,
  day     INTEGER NOT NULL
);
CREATE TABLE audit_last_days (
  day   INTEGER PRIMARY KEY,
  users INTEGER NOT NULL
);

-- Entries up to counted_id are counted; those up to seen_id were there at seen_at_ms (by the system's clock), so that a
-- while later nobody can still add one below it. Users whose last day lies before forgotten_day are not counted any more.
CREATE TABLE audit_counted (
  id            INTEGER PRIMARY KEY,
  counted_id    INTEGER NOT NULL,
  seen_id       INTEGER NOT NULL,
  seen_at_ms    INTEGER NOT NULL,
  forgotten_day INTEGER NOT NULL
);
INSERT INTO audit_counted VALUES (1, 0, 0, 0, 0);

DROP INDEX audit_log_action;
CREATE INDEX audit_log_action ON audit_log (action, created_at_ms);
CREATE INDEX audit_log_level ON audit_log (level, created_at_ms) WHERE level <> 'info';
