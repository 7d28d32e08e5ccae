-- What stays known of events that `doorbuster archive` has moved to files: one row, none before the first time.
CREATE TABLE archive (
    archive_id INTEGER PRIMARY KEY CHECK (archive_id = 1),
    events     INTEGER NOT NULL,             -- archived so far
    before_at  INTEGER NOT NULL,             -- all of them are from before this moment
    archived   TEXT    NOT NULL              -- JSON: the last event of each shard with its hash, the counts of each campaign
) STRICT;
