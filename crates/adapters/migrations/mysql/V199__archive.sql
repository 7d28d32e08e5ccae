-- What stays known of events that `doorbuster archive` has moved to files: one row, none before the first time.
CREATE TABLE archive (
    archive_id BIGINT     PRIMARY KEY CHECK (archive_id = 1),
    events     BIGINT     NOT NULL,  -- archived so far
    before_at  BIGINT     NOT NULL,  -- all of them are from before this moment
    archived   MEDIUMTEXT NOT NULL   -- JSON: the last event of each shard with its hash, the counts of each campaign
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
