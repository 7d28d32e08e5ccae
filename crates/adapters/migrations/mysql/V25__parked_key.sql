-- Keys of which a consumer group could not handle the first event: what comes later waits behind it, in order.
CREATE TABLE parked_key (
    consumer_group  VARCHAR(64) NOT NULL,
    topic           VARCHAR(64) NOT NULL,
    key_hash        BINARY(16)  NOT NULL,  -- the first 16 bytes of the key's SHA-256
    event_key       TEXT        NOT NULL,
    due_at          BIGINT      NOT NULL,  -- when the first event is tried again
    first_number    BIGINT      NOT NULL,  -- the events that wait: from here
    next_number     BIGINT      NOT NULL,  -- up to here, without it
    run             BIGINT      NOT NULL,  -- so many are tried at once
    attempts        BIGINT      NOT NULL,  -- failures of the first event; 0 when it only waited
    error           TEXT,
    first_failed_at BIGINT,
    last_failed_at  BIGINT,
    PRIMARY KEY (consumer_group, topic, key_hash),
    KEY parked_key_due (due_at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
