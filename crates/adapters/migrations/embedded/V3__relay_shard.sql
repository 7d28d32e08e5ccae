-- How far the relay has brought each shard of the outbox to the broker. `epoch` counts the relays that worked on it: only
-- the latest one moves `position`.
CREATE TABLE relay_shard (
    shard    INTEGER PRIMARY KEY,
    position INTEGER NOT NULL,               -- the last `seq` that is published
    epoch    INTEGER NOT NULL,
    holder   INTEGER NOT NULL                -- the engine in whose process it runs
) STRICT;
