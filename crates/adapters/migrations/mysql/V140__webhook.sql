-- Endpoints of other systems that receive events.
CREATE TABLE webhook (
    webhook_id       BIGINT      PRIMARY KEY,
    url              TEXT        NOT NULL,
    description      TEXT        NOT NULL,
    event_types      MEDIUMTEXT  NOT NULL,  -- JSON; an empty list means all
    secret           TEXT        NOT NULL,
    old_secret       TEXT,
    old_secret_until BIGINT,
    ordered          BOOLEAN     NOT NULL,
    rate_per_second  BIGINT,
    status           VARCHAR(32) NOT NULL,  -- ENABLED, DISABLED, REMOVED
    disabled_reason  VARCHAR(32),           -- ADMIN, GONE, FAILING
    terms            MEDIUMTEXT  NOT NULL,  -- JSON: what it subscribed to, from which moment on
    deliveries       BIGINT      NOT NULL,  -- so far; the next one has the number after it
    failing_since    BIGINT,
    created_at       BIGINT      NOT NULL,
    updated_at       BIGINT      NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
