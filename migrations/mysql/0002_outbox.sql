-- Mails as rows: written in the transaction of what caused them, delivered afterwards.
CREATE TABLE outbox (
  id                 BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  type               VARCHAR(50)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  recipient          VARCHAR(320) NOT NULL,
  language           VARCHAR(5)   CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  user_id            BIGINT,
  bulk               TINYINT NOT NULL DEFAULT 0,
  status             VARCHAR(10)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'pending'
                     CHECK (status IN ('pending', 'sending', 'sent', 'failed', 'dead')),
  attempts           INT NOT NULL DEFAULT 0,
  last_error         VARCHAR(500),
  sealed             MEDIUMTEXT   CHARACTER SET ascii COLLATE ascii_bin,
  dedup_key          VARCHAR(190) CHARACTER SET ascii COLLATE ascii_bin,
  created_at_ms      BIGINT NOT NULL,
  sent_at_ms         BIGINT,
  next_attempt_at_ms BIGINT,
  lease              VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin,
  lease_until_ms     BIGINT NOT NULL DEFAULT 0,
  UNIQUE KEY outbox_dedup (dedup_key),
  KEY outbox_due (bulk, next_attempt_at_ms),
  KEY outbox_lease (lease),
  KEY outbox_status (status, id),
  KEY outbox_user (user_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
