-- Events that a consumer group has given up.
CREATE TABLE dead_letter (
    letter_id       BIGINT      PRIMARY KEY,
    consumer_group  VARCHAR(64) NOT NULL,
    topic           VARCHAR(64) NOT NULL,
    `partition`     BIGINT      NOT NULL,
    log_offset      BIGINT      NOT NULL,
    event_id        VARCHAR(36) NOT NULL,
    event_key       TEXT        NOT NULL,
    type            TEXT        NOT NULL,
    payload         MEDIUMTEXT  NOT NULL,
    occurred_at     BIGINT      NOT NULL,
    status          VARCHAR(32) NOT NULL,  -- SCHEDULED, PERMANENT, HANDLED, DROPPED
    attempts        BIGINT      NOT NULL,
    error           TEXT        NOT NULL,  -- of the last attempt
    first_failed_at BIGINT      NOT NULL,
    last_failed_at  BIGINT      NOT NULL,
    resends         BIGINT      NOT NULL,
    due_at          BIGINT,                -- when it is sent again
    acts            MEDIUMTEXT  NOT NULL,  -- JSON: what operators did to it, and why
    KEY dead_letter_due (due_at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
