-- The audit trail: who did what, when, from where. Written in the transaction of what it records.
CREATE TABLE audit_log (
  id            BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  level         VARCHAR(10)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  action        VARCHAR(50)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  message       VARCHAR(500) NOT NULL,
  details       TEXT         NOT NULL,
  user_id       BIGINT,
  ip_address    VARCHAR(45)  CHARACTER SET ascii COLLATE ascii_bin,
  user_agent    VARCHAR(255),
  endpoint      VARCHAR(255),
  resource_type VARCHAR(30)  CHARACTER SET ascii COLLATE ascii_bin,
  resource_id   BIGINT,
  request_id    VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin,
  created_at_ms BIGINT NOT NULL,
  KEY audit_log_created (created_at_ms),
  KEY audit_log_action (action, id),
  KEY audit_log_user (user_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
