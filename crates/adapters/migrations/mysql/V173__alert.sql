-- Situations that an operator should know of; each raised once and cleared once.
CREATE TABLE alert (
    alert_id       BIGINT       PRIMARY KEY,
    alert_key      BINARY(16)   NOT NULL,  -- the first half of the SHA-256 of code and scope
    code           VARCHAR(32)  NOT NULL,
    scope          VARCHAR(255) NOT NULL,  -- tells open alerts of one code apart
    subject        VARCHAR(255) NOT NULL,
    severity       VARCHAR(16)  NOT NULL,  -- warning, critical
    value          BIGINT       NOT NULL,  -- in thousandths, as measured when it was raised
    threshold      BIGINT       NOT NULL,  -- in thousandths
    since          BIGINT       NOT NULL,
    cleared_at     BIGINT,
    reporter       BIGINT,                 -- the engine of the process that alone observes it
    reported_until BIGINT,
    next_try_at    BIGINT,                 -- of an open breaker
    open_key       BINARY(16) AS (IF(cleared_at IS NULL, alert_key, NULL)) VIRTUAL,
    UNIQUE KEY alert_open (open_key)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
