-- Everything that ever happened: the outbox and the history. Rows are only ever added. `seq` is commit order within a shard;
-- `position` is taken under the locks of the shards, so what depends on another event comes after it.
CREATE TABLE event (
    position      BIGINT AUTO_INCREMENT PRIMARY KEY,
    id            VARCHAR(36)           NOT NULL,  -- UUID
    aggregatetype VARCHAR(32)           NOT NULL,
    aggregateid   VARCHAR(64)           NOT NULL,
    type          VARCHAR(64)           NOT NULL,
    payload       MEDIUMTEXT            NOT NULL,  -- JSON
    topic         VARCHAR(64)           NOT NULL,
    event_key     VARCHAR(64)           NOT NULL,
    shard         BIGINT                NOT NULL,
    seq           BIGINT                NOT NULL,  -- in its shard, from 1 without gap
    order_id      BIGINT,
    version       BIGINT,                          -- the order's, where the event is one of the order's own
    cause         VARCHAR(64)           NOT NULL,  -- the command or event that led to it
    occurred_at   BIGINT                NOT NULL,
    UNIQUE KEY event_place (shard, seq),
    KEY event_of_order (order_id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
