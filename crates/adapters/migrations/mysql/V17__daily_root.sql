-- The same as it stood after the last commit of each UTC day in which the shard took an event.
CREATE TABLE daily_root (
    day   VARCHAR(10) NOT NULL,  -- 2026-11-21
    shard BIGINT      NOT NULL,
    seq   BIGINT      NOT NULL,
    hash  BINARY(32)  NOT NULL,
    PRIMARY KEY (day, shard)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
