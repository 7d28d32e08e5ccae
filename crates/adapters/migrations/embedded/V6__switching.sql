-- Over how many partitions the keys of a topic are spread. The relay counts by this alone, so a topic may have more; only a
-- switch changes it, while the relay holds no shard.
CREATE TABLE topic_spread (
    topic      TEXT    PRIMARY KEY,
    partitions INTEGER NOT NULL
) STRICT;

-- One row: up to when the relay stands still, and the switch that has it do so.
CREATE TABLE relay_halt (
    id           INTEGER PRIMARY KEY,
    holder       INTEGER NOT NULL,
    halted_until INTEGER NOT NULL            -- microseconds since 1970
) STRICT;

INSERT INTO relay_halt (id, holder, halted_until) VALUES (1, 0, 0);
