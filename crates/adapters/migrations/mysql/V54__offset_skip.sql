-- Where groups went on without taking in what lies between: moved by hand, or because reactions had run inline meanwhile. The
-- audit does not hold it against them.
CREATE TABLE offset_skip (
    skip_id        BIGINT       PRIMARY KEY AUTO_INCREMENT,
    consumer_group VARCHAR(64)  NOT NULL,
    topic          VARCHAR(64)  NOT NULL,
    `partition`    INT          NOT NULL,
    from_position  BIGINT       NOT NULL,
    to_position    BIGINT       NOT NULL,
    skipped_at     BIGINT       NOT NULL,
    KEY offset_skip_place (consumer_group, topic, `partition`)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
