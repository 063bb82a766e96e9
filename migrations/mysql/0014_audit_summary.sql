-- The audit trail counted by day, level and action, so that its statistics read no entries; a job counts what is new.
CREATE TABLE audit_days (
  day     BIGINT NOT NULL,
  level   VARCHAR(10) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  action  VARCHAR(50) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  entries BIGINT NOT NULL,
  PRIMARY KEY (day, level, action)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The last day on which a user did something, and how many have each day as their last.
CREATE TABLE audit_users (
  user_id BIGINT NOT NULL PRIMARY KEY,
  day     BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE audit_last_days (
  day   BIGINT NOT NULL PRIMARY KEY,
  users BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Entries up to counted_id are counted; those up to seen_id were there at seen_at_ms (by the system's clock), so that a
-- while later nobody can still add one below it. Users whose last day lies before forgotten_day are not counted any more.
CREATE TABLE audit_counted (
  id            INT    NOT NULL PRIMARY KEY,
  counted_id    BIGINT NOT NULL,
  seen_id       BIGINT NOT NULL,
  seen_at_ms    BIGINT NOT NULL,
  forgotten_day BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO audit_counted VALUES (1, 0, 0, 0, 0);

ALTER TABLE audit_log
  DROP KEY audit_log_action, ADD KEY audit_log_action (action, created_at_ms),
  ADD KEY audit_log_level (level, created_at_ms);
