-- Roll-ups also per device and over all time, so that no list counts over history; lists that are filtered by app or
-- day in the order of their index; what users call their apps; answers kept for Idempotency-Key.
ALTER TABLE activities
  DROP KEY activities_date, ADD KEY activities_date (user_id, activity_date, created_at_ms, id),
  DROP KEY activities_app, ADD KEY activities_app (user_id, app_key, created_at_ms, id);

DROP TABLE usage_apps;
CREATE TABLE usage_apps (
  user_id      BIGINT NOT NULL,
  day          CHAR(10) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  app_key      VARCHAR(100) NOT NULL,
  app_package  VARCHAR(255) NOT NULL,
  app_category VARCHAR(50)  NOT NULL,
  device_type  VARCHAR(50)  NOT NULL,
  app_name     VARCHAR(100) NOT NULL,
  total_ms     BIGINT NOT NULL,
  sessions     BIGINT NOT NULL,
  PRIMARY KEY (user_id, day, app_key, app_package, app_category, device_type),
  KEY usage_apps_app (user_id, app_key, day),
  FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO usage_apps
SELECT user_id, activity_date, app_key, app_package, app_category, COALESCE(device_type, ''), MAX(app_name), SUM(duration_ms), COUNT(*)
FROM activities GROUP BY user_id, activity_date, app_key, app_package, app_category, COALESCE(device_type, '');

CREATE TABLE usage_totals (
  user_id      BIGINT NOT NULL,
  app_key      VARCHAR(100) NOT NULL,
  app_package  VARCHAR(255) NOT NULL,
  app_category VARCHAR(50)  NOT NULL,
  device_type  VARCHAR(50)  NOT NULL,
  app_name     VARCHAR(100) NOT NULL,
  total_ms     BIGINT NOT NULL,
  sessions     BIGINT NOT NULL,
  PRIMARY KEY (user_id, app_key, app_package, app_category, device_type),
  FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO usage_totals
SELECT user_id, app_key, app_package, app_category, device_type, MAX(app_name), SUM(total_ms), SUM(sessions)
FROM usage_apps GROUP BY user_id, app_key, app_package, app_category, device_type;

CREATE TABLE app_settings (
  user_id       BIGINT NOT NULL,
  app_key       VARCHAR(100) NOT NULL,
  display_name  VARCHAR(100),
  display_key   VARCHAR(100),
  app_category  VARCHAR(50),
  updated_at_ms BIGINT NOT NULL,
  PRIMARY KEY (user_id, app_key),
  FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE idempotency_keys (
  user_id       BIGINT NOT NULL,
  route         VARCHAR(100) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  request_key   VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  fingerprint   CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  status        INT NOT NULL,
  answer        MEDIUMTEXT NOT NULL,
  expires_at_ms BIGINT NOT NULL,
  PRIMARY KEY (user_id, route, request_key),
  KEY idempotency_keys_expires (expires_at_ms)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
