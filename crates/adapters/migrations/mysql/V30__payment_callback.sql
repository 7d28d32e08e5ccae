-- What payment providers told by themselves, each once.
CREATE TABLE payment_callback (
    callback_key BINARY(32)   PRIMARY KEY,  -- SHA-256 of the provider's name and its name of what it told
    provider     VARCHAR(64)  NOT NULL,
    event_id     TEXT         NOT NULL,
    taken_at     BIGINT       NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
