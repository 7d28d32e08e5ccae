-- The last event of each shard. `hash` covers all events of the shard up to here.
CREATE TABLE outbox_shard (
    shard BIGINT     PRIMARY KEY,
    seq   BIGINT     NOT NULL,
    hash  BINARY(32) NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
