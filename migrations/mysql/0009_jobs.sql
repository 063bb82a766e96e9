-- What runs by itself, and which instance is at it right now.
CREATE TABLE jobs (
  name             VARCHAR(50) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  next_run_ms      BIGINT NOT NULL,
  lease            VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin,
  lease_until_ms   BIGINT NOT NULL DEFAULT 0,
  last_run_ms      BIGINT,
  last_duration_ms BIGINT,
  last_error       VARCHAR(500),
  runs             BIGINT NOT NULL DEFAULT 0
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
