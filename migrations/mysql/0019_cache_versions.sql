-- How often what a topic ("user:42") stands for was changed: the version of what is remembered of it. Raised in the
-- transaction that changes it.
CREATE TABLE cache_versions (
  topic   VARCHAR(60) NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
