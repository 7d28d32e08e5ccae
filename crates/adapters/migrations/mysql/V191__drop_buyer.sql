-- A customer of a drop: the units that count against its limits.
CREATE TABLE drop_buyer (
    drop_id BIGINT     NOT NULL,
    user_id BIGINT     NOT NULL,
    body    MEDIUMTEXT NOT NULL,  -- JSON
    PRIMARY KEY (drop_id, user_id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
