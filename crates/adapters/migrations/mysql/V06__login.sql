CREATE TABLE login (
    user_id       BIGINT       PRIMARY KEY,
    email_key     BINARY(32)   NOT NULL,  -- SHA-256 of the address in lower case
    email         VARCHAR(320) NOT NULL,
    name          VARCHAR(255) NOT NULL,
    password_hash VARCHAR(255) NOT NULL,
    role          VARCHAR(16)  NOT NULL,  -- customer, admin
    UNIQUE KEY login_email (email_key)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
