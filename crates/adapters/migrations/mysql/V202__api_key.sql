-- Keys with which programs call the admin paths.
CREATE TABLE api_key (
    key_id       BIGINT       PRIMARY KEY,
    hash         BINARY(32)   NOT NULL,  -- SHA-256 of the secret
    name         VARCHAR(255) NOT NULL,
    scopes       TEXT         NOT NULL,  -- JSON
    created_by   BIGINT       NOT NULL,
    created_at   BIGINT       NOT NULL,
    last_used_at BIGINT,                 -- accurate to a minute
    revoked_at   BIGINT,
    UNIQUE KEY api_key_hash (hash)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
