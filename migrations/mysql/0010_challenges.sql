-- Challenges, who takes part, and each participant's periods (days or weeks). Scores change in the transaction of the
-- activities that they come from.
CREATE TABLE challenges (
  id                 BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name               VARCHAR(100) NOT NULL,
  name_key           VARCHAR(100) NOT NULL,
  description        VARCHAR(2000),
  creator_id         BIGINT NOT NULL,
  type               VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  target_apps        MEDIUMTEXT  NOT NULL,
  target_ms          BIGINT NOT NULL,
  start_date         CHAR(10)    CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  end_date           CHAR(10)    CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  timezone           VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  starts_at_ms       BIGINT NOT NULL,
  ends_at_ms         BIGINT NOT NULL,
  freezes_at_ms      BIGINT NOT NULL,
  is_public          TINYINT NOT NULL,
  invitation_code    VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin,
  max_participants   INT NOT NULL,
  participants_count INT NOT NULL DEFAULT 0,
  leader_id          BIGINT,
  winner_id          BIGINT,
  frozen_at_ms       BIGINT,
  cancelled_at_ms    BIGINT,
  deleted_at_ms      BIGINT,
  next_step_at_ms    BIGINT,
  is_start_told      TINYINT NOT NULL DEFAULT 0,
  news               VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin,
  news_after_user_id BIGINT NOT NULL DEFAULT 0,
  created_at_ms      BIGINT NOT NULL,
  updated_at_ms      BIGINT NOT NULL,
  UNIQUE KEY challenges_code (invitation_code),
  KEY challenges_next_step (next_step_at_ms),
  KEY challenges_created (is_public, created_at_ms, id),
  KEY challenges_start (is_public, start_date, id),
  KEY challenges_end (is_public, end_date, id),
  KEY challenges_count (is_public, participants_count, id),
  KEY challenges_creator (creator_id),
  KEY challenges_winner (winner_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE challenge_members (
  challenge_id BIGINT NOT NULL,
  user_id      BIGINT NOT NULL,
  start_date   CHAR(10) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  end_date     CHAR(10) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  is_open      TINYINT NOT NULL,
  is_ranked    TINYINT NOT NULL,
  score_ms     BIGINT NOT NULL DEFAULT 0,
  total_ms     BIGINT NOT NULL DEFAULT 0,
  scored       INT NOT NULL DEFAULT 0,
  missed       INT NOT NULL DEFAULT 0,
  joined_at_ms BIGINT NOT NULL,
  left_at_ms   BIGINT,
  PRIMARY KEY (challenge_id, user_id),
  KEY challenge_members_user (user_id, is_open),
  KEY challenge_members_rank (challenge_id, is_ranked, score_ms DESC, total_ms, joined_at_ms, user_id),
  FOREIGN KEY (challenge_id) REFERENCES challenges (id) ON DELETE CASCADE,
  FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE challenge_scores (
  challenge_id BIGINT NOT NULL,
  user_id      BIGINT NOT NULL,
  period       INT NOT NULL,
  used_ms      BIGINT NOT NULL,
  sessions     BIGINT NOT NULL,
  PRIMARY KEY (challenge_id, user_id, period),
  FOREIGN KEY (challenge_id, user_id) REFERENCES challenge_members (challenge_id, user_id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE challenge_news (
  challenge_id BIGINT NOT NULL,
  user_id      BIGINT NOT NULL,
  told_at_ms   BIGINT NOT NULL,
  PRIMARY KEY (challenge_id, user_id),
  FOREIGN KEY (challenge_id) REFERENCES challenges (id) ON DELETE CASCADE,
  FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
