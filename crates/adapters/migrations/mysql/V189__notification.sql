-- One event on its way to its user over one channel. The row is deleted when it was sent.
CREATE TABLE notification (
    event_id   VARCHAR(36) NOT NULL,
    channel    VARCHAR(16) NOT NULL,  -- email, push, sms
    user_id    BIGINT      NOT NULL,
    shard      BIGINT      NOT NULL,  -- where the event is
    seq        BIGINT      NOT NULL,
    state      VARCHAR(32) NOT NULL,  -- PENDING, IN_PROGRESS, FAILED, DEAD_LETTER
    tries      BIGINT      NOT NULL,  -- since it was last scheduled
    attempts   BIGINT      NOT NULL,
    due_at     BIGINT,                -- while an attempt is under way, when it counts as lost
    error      TEXT,
    created_at BIGINT      NOT NULL,
    PRIMARY KEY (event_id, channel),
    KEY notification_due (channel, due_at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
