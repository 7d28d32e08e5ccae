-- The first offset that a consumer group has not taken in. The shop's own log has no topics: ''.
CREATE TABLE consumer_offset (
    consumer_group VARCHAR(64) NOT NULL,
    topic          VARCHAR(64) NOT NULL,
    `partition`    BIGINT      NOT NULL,
    position       BIGINT      NOT NULL,
    PRIMARY KEY (consumer_group, topic, `partition`)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
