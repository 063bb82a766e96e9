-- What runs by itself, and which instance is at it right now.
CREATE TABLE jobs (
  name             TEXT    PRIMARY KEY,
  next_run_ms      INTEGER NOT NULL,
  lease            TEXT,                       -- the run that is at it; NULL: nobody
  lease_until_ms   INTEGER NOT NULL DEFAULT 0, -- by the system's clock, which tests don't set
  last_run_ms      INTEGER,
  last_duration_ms INTEGER,
  last_error       TEXT,                       -- NULL: the last run went well
  runs             INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
