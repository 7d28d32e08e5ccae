-- Events that a group has taken in, where the domain does not see the repeat by itself.
CREATE TABLE inbox (
    consumer_group VARCHAR(64) NOT NULL,
    event_id       VARCHAR(36) NOT NULL,
    taken_at       BIGINT      NOT NULL,
    PRIMARY KEY (consumer_group, event_id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
