-- How users want to be told outside of the shop.
CREATE TABLE notification_settings (
    user_id     BIGINT      PRIMARY KEY,
    phone       VARCHAR(32),            -- E.164
    push_token  TEXT,
    language    VARCHAR(8)  NOT NULL,   -- en, ko
    email_since BIGINT,                 -- chosen since then; NULL: not chosen
    push_since  BIGINT,
    sms_since   BIGINT,
    is_notified BOOLEAN     NOT NULL,   -- any channel is chosen
    updated_at  BIGINT      NOT NULL,
    KEY notification_settings_notified (is_notified)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
