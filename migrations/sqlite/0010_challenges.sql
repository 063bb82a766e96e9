-- Challenges, who takes part, and each participant's periods (days or weeks). Scores change in the transaction of the
-- activities that they come from.
CREATE TABLE challenges (
  id                 INTEGER PRIMARY KEY AUTOINCREMENT,
  name               TEXT    NOT NULL,
  name_key           TEXT    NOT NULL,            -- the name, folded
  description        TEXT,
  creator_id         INTEGER NOT NULL,            -- no foreign keys to people: challenges outlive them
  type               TEXT    NOT NULL,            -- minimize_time, daily_goal, weekly_goal
  target_apps        TEXT    NOT NULL,            -- a JSON array of names and packages, as they were given
  target_ms          INTEGER NOT NULL,            -- per day or week
  start_date         TEXT    NOT NULL,
  end_date           TEXT    NOT NULL,
  timezone           TEXT    NOT NULL,
  starts_at_ms       INTEGER NOT NULL,            -- midnight before start_date in that zone
  ends_at_ms         INTEGER NOT NULL,            -- midnight after end_date
  freezes_at_ms      INTEGER NOT NULL,            -- the end and the grace for late uploads
  is_public          INTEGER NOT NULL,
  invitation_code    TEXT,
  max_participants   INTEGER NOT NULL,
  participants_count INTEGER NOT NULL DEFAULT 0,  -- those who are ranked
  leader_id          INTEGER,                     -- who was in front when that was last looked at
  winner_id          INTEGER,
  frozen_at_ms       INTEGER,
  cancelled_at_ms    INTEGER,
  deleted_at_ms      INTEGER,                     -- hidden; the rows go once everybody was told
  next_step_at_ms    INTEGER,                     -- when the job has something to do; NULL: never again
  is_start_told      INTEGER NOT NULL DEFAULT 0,
  news               TEXT,                        -- what the participants are being told: started, ended, cancelled, deleted
  news_after_user_id INTEGER NOT NULL DEFAULT 0,  -- up to whom they were
  created_at_ms      INTEGER NOT NULL,
  updated_at_ms      INTEGER NOT NULL
);
CREATE UNIQUE INDEX challenges_code ON challenges (invitation_code) WHERE invitation_code IS NOT NULL;
CREATE INDEX challenges_next_step ON challenges (next_step_at_ms) WHERE next_step_at_ms IS NOT NULL;
CREATE INDEX challenges_created ON challenges (is_public, created_at_ms, id);
CREATE INDEX challenges_start ON challenges (is_public, start_date, id);
CREATE INDEX challenges_end ON challenges (is_public, end_date, id);
CREATE INDEX challenges_count ON challenges (is_public, participants_count, id);
CREATE INDEX challenges_creator ON challenges (creator_id);
CREATE INDEX challenges_winner ON challenges (winner_id) WHERE winner_id IS NOT NULL;

CREATE TABLE challenge_members (
  challenge_id INTEGER NOT NULL REFERENCES challenges (id) ON DELETE CASCADE,
  user_id      INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  start_date   TEXT    NOT NULL,           -- of the challenge when the periods were counted
  end_date     TEXT    NOT NULL,
  is_open      INTEGER NOT NULL,           -- activities count
  is_ranked    INTEGER NOT NULL,           -- takes part, or did until the results stood
  score_ms     INTEGER NOT NULL DEFAULT 0, -- a point is a minute
  total_ms     INTEGER NOT NULL DEFAULT 0, -- in the target apps
  scored       INTEGER NOT NULL DEFAULT 0, -- periods with data
  missed       INTEGER NOT NULL DEFAULT 0, -- of these, those beyond the target
  joined_at_ms INTEGER NOT NULL,
  left_at_ms   INTEGER,
  PRIMARY KEY (challenge_id, user_id)
) WITHOUT ROWID;
CREATE INDEX challenge_members_user ON challenge_members (user_id, is_open);
CREATE INDEX challenge_members_rank ON challenge_members (challenge_id, is_ranked, score_ms DESC, total_ms, joined_at_ms, user_id);

CREATE TABLE challenge_scores (
  challenge_id INTEGER NOT NULL,
  user_id      INTEGER NOT NULL,
  period       INTEGER NOT NULL, -- the day or week since the start, from 0
  used_ms      INTEGER NOT NULL, -- in the target apps
  sessions     INTEGER NOT NULL, -- of any app: whether there is data
  PRIMARY KEY (challenge_id, user_id, period),
  FOREIGN KEY (challenge_id, user_id) REFERENCES challenge_members (challenge_id, user_id) ON DELETE CASCADE
) WITHOUT ROWID;

-- When somebody was last told something about a challenge that may be told too often. Apart from the members, whose rows
-- are held by those who score.
CREATE TABLE challenge_news (
  challenge_id INTEGER NOT NULL REFERENCES challenges (id) ON DELETE CASCADE,
  user_id      INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  told_at_ms   INTEGER NOT NULL,
  PRIMARY KEY (challenge_id, user_id)
) WITHOUT ROWID;
