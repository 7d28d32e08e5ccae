-- How far the relays have brought each shard of the outbox to the broker. `epoch` counts the relays that held the shard: only
-- the latest one moves `position`.
CREATE TABLE relay_shard (
    shard        BIGINT PRIMARY KEY,
    position     BIGINT NOT NULL,                     -- the last `seq` that is published
    epoch        BIGINT NOT NULL,
    holder       BIGINT NOT NULL,                     -- the engine in whose process it runs
    leased_until BIGINT NOT NULL                      -- microseconds since 1970, by the server's clock
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
