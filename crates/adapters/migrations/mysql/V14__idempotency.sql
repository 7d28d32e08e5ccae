-- Answers given before, in the order in which they were given.
CREATE TABLE idempotency (
    idempotency_id BIGINT AUTO_INCREMENT PRIMARY KEY,
    `key`          BINARY(32)            NOT NULL,  -- SHA-256 of user, route and key
    fingerprint    BINARY(32)            NOT NULL,  -- SHA-256 of the request's body
    answer         MEDIUMTEXT            NOT NULL,  -- JSON
    answered_at    BIGINT                NOT NULL,
    UNIQUE KEY idempotency_key (`key`)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
