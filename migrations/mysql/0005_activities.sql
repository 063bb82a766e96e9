-- What people did, and the roll-ups that every statistic reads. Roll-ups change in the transaction of their rows.
CREATE TABLE activities (
  id            BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  user_id       BIGINT NOT NULL,
  app_name      VARCHAR(100) NOT NULL,
  app_key       VARCHAR(100) NOT NULL,
  app_package   VARCHAR(255) NOT NULL DEFAULT '',
  app_category  VARCHAR(50)  NOT NULL,
  duration_ms   BIGINT NOT NULL,
  activity_date CHAR(10) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  start_ms      BIGINT,
  end_ms        BIGINT,
  device_type   VARCHAR(50),
  session_id    VARCHAR(100),
  client_id     VARCHAR(100),
  timezone      VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  created_at_ms BIGINT NOT NULL,
  updated_at_ms BIGINT NOT NULL,
  KEY activities_created (user_id, created_at_ms, id),
  KEY activities_date (user_id, activity_date, id),
  KEY activities_duration (user_id, duration_ms, id),
  KEY activities_app (user_id, app_key, id),
  FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE activity_client_ids (
  user_id     BIGINT NOT NULL,
  client_id   VARCHAR(100) NOT NULL,
  activity_id BIGINT NOT NULL,
  PRIMARY KEY (user_id, client_id),
  FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE usage_apps (
  user_id      BIGINT NOT NULL,
  day          CHAR(10) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  app_key      VARCHAR(100) NOT NULL,
  app_package  VARCHAR(255) NOT NULL,
  app_category VARCHAR(50)  NOT NULL,
  app_name     VARCHAR(100) NOT NULL,
  total_ms     BIGINT NOT NULL,
  sessions     BIGINT NOT NULL,
  PRIMARY KEY (user_id, day, app_key, app_package, app_category),
  KEY usage_apps_app (user_id, app_key, day),
  FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE usage_days (
  user_id  BIGINT NOT NULL,
  day      CHAR(10) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  total_ms BIGINT NOT NULL,
  sessions BIGINT NOT NULL,
  PRIMARY KEY (user_id, day),
  FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE usage_hours (
  user_id  BIGINT NOT NULL,
  day      CHAR(10) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  hour     INT NOT NULL,
  total_ms BIGINT NOT NULL,
  PRIMARY KEY (user_id, day, hour),
  FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
