-- One event for one endpoint. The body is made from the event; only a test has its own.
CREATE TABLE webhook_delivery (
    webhook_id  BIGINT       NOT NULL,
    number      BIGINT       NOT NULL,
    event_id    VARCHAR(36)  NOT NULL,
    event_type  VARCHAR(64)  NOT NULL,
    order_key   VARCHAR(64),            -- the event's key, where deliveries are ordered
    shard       BIGINT,                 -- where the event is
    seq         BIGINT,
    payload     MEDIUMTEXT,
    state       VARCHAR(32)  NOT NULL,  -- PENDING, IN_PROGRESS, COMPLETED, FAILED, DEAD_LETTER
    tries       BIGINT       NOT NULL,  -- since it was last scheduled
    attempts    BIGINT       NOT NULL,
    due_at      BIGINT,                 -- while an attempt is under way, when it counts as lost
    last_status BIGINT,
    created_at  BIGINT       NOT NULL,
    attempt_log MEDIUMTEXT   NOT NULL,  -- JSON
    PRIMARY KEY (webhook_id, number),
    UNIQUE KEY webhook_delivery_event (webhook_id, event_id),
    KEY webhook_delivery_due (webhook_id, due_at),
    KEY webhook_delivery_order (webhook_id, order_key, number)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
