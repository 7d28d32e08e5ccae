-- The next moment at which a live order is looked at.
CREATE TABLE timer (
    order_id BIGINT      PRIMARY KEY,
    due_at   BIGINT      NOT NULL,
    kind     VARCHAR(32) NOT NULL,  -- CLAIMS, RESTORATIONS, PAYMENT
    asked    BIGINT      NOT NULL,  -- how often restorations were asked for
    KEY timer_due (due_at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
