-- How often what a topic ("user:42") stands for was changed: the version of what is remembered of it. Raised in the
-- transaction that changes it.
CREATE TABLE cache_versions (
  topic   TEXT NOT NULL PRIMARY KEY,
  version INTEGER NOT NULL
) WITHOUT ROWID;
