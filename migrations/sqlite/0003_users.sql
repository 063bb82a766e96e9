-- People. A deleted account keeps its row, without anything that names a person (e-mail and username are NULL).
CREATE TABLE users (
  id                    INTEGER PRIMARY KEY AUTOINCREMENT,
  email                 TEXT,
  email_key             TEXT UNIQUE,    -- lower case: unique without regard to case
  username              TEXT,
  username_key          TEXT UNIQUE,
  password_hash         TEXT,           -- bcrypt; NULL: signs in otherwise
  full_name             TEXT,
  avatar_url            TEXT,
  bio                   TEXT,
  role                  TEXT    NOT NULL DEFAULT 'user',
  is_active             INTEGER NOT NULL DEFAULT 1,
  is_verified           INTEGER NOT NULL DEFAULT 0,
  language              TEXT    NOT NULL DEFAULT 'en',
  timezone              TEXT    NOT NULL DEFAULT 'UTC',
  daily_limit_ms        INTEGER,        -- NULL: none
  notifications_enabled INTEGER NOT NULL DEFAULT 1,
  email_reminders       INTEGER NOT NULL DEFAULT 1,
  reminder_minute       INTEGER NOT NULL DEFAULT 1200, -- minute of the local day
  created_at_ms         INTEGER NOT NULL,
  updated_at_ms         INTEGER NOT NULL,
  last_login_ms         INTEGER,
  deleted_at_ms         INTEGER
);
CREATE INDEX users_created ON users (created_at_ms);
