-- What people and programs did in the shop's administration.
CREATE TABLE trail (
    trail_id    BIGINT       PRIMARY KEY AUTO_INCREMENT,
    user_id     BIGINT       NOT NULL,
    role        VARCHAR(16)  NOT NULL,  -- in force
    key_id      BIGINT,                 -- of the program that acted for the user
    action      VARCHAR(64)  NOT NULL,  -- the operation, as in the OpenAPI document
    subject     VARCHAR(512) NOT NULL,  -- the path below /api/admin/
    reason      TEXT,
    change_json TEXT,                   -- JSON, without secrets
    happened_at BIGINT       NOT NULL,
    KEY trail_subject (subject, trail_id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
