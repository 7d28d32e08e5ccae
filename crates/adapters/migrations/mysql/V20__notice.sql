CREATE TABLE notice (
    notice_id          BIGINT      PRIMARY KEY,
    user_id            BIGINT      NOT NULL,
    number             BIGINT      NOT NULL,  -- of this user's notices, from 1 without gap
    kind               VARCHAR(32) NOT NULL,
    data               MEDIUMTEXT  NOT NULL,  -- JSON
    previous_notice_id BIGINT,
    created_at         BIGINT      NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
