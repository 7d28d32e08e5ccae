-- Over how many partitions the keys of a topic are spread. Relays count by this alone, so a topic may have more; only a switch
-- changes it, while no relay holds a shard.
CREATE TABLE topic_spread (
    topic      VARCHAR(64) PRIMARY KEY,
    partitions BIGINT      NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
