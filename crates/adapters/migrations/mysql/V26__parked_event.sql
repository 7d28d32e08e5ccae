-- What waits at a parked key.
CREATE TABLE parked_event (
    consumer_group VARCHAR(64) NOT NULL,
    topic          VARCHAR(64) NOT NULL,
    key_hash       BINARY(16)  NOT NULL,
    number         BIGINT      NOT NULL,
    `partition`    BIGINT      NOT NULL,  -- where it was brought from
    log_offset     BIGINT      NOT NULL,
    event_id       VARCHAR(36) NOT NULL,
    event_key      TEXT        NOT NULL,
    type           TEXT        NOT NULL,
    payload        MEDIUMTEXT  NOT NULL,
    occurred_at    BIGINT      NOT NULL,
    PRIMARY KEY (consumer_group, topic, key_hash, number)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
