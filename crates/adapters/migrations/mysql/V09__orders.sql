CREATE TABLE orders (
    order_id          BIGINT      PRIMARY KEY,
    order_number      VARCHAR(32) NOT NULL,  -- what the customer sees; made of order_id, so it has no index
    user_id           BIGINT      NOT NULL,
    outcome           VARCHAR(32) NOT NULL,  -- PENDING, AWAITING_PAYMENT, COMPLETED, COMPENSATING, CANCELLED, COMPENSATION_STUCK
    status            VARCHAR(32) NOT NULL,  -- CREATED, PENDING_PAYMENT, PAYMENT_COMPLETED, PREPARING, …
    reason            VARCHAR(64),           -- why it was, or will be, cancelled
    is_restoring      BIGINT      NOT NULL CHECK (is_restoring IN (0, 1)),
    mode              VARCHAR(16) NOT NULL,  -- parallel, atomic
    payment           VARCHAR(16) NOT NULL,  -- PREPAID, ON_DELIVERY
    pay_within_us     BIGINT      NOT NULL,
    pay_before_at     BIGINT,
    total             BIGINT      NOT NULL,  -- of the items; total = discount + points + amount_due
    discount          BIGINT      NOT NULL CHECK (discount >= 0),
    points            BIGINT      NOT NULL CHECK (points >= 0),
    amount_due        BIGINT      NOT NULL CHECK (amount_due >= 0),
    campaign_id       BIGINT,                -- of the coupon that the order wants to use
    coupon_id         BIGINT,                -- that very coupon; without it, the oldest usable one
    coupon_state      VARCHAR(16),           -- REQUESTED, COMPLETED, FAILED, RESTORED
    coupon_reason     VARCHAR(64),
    coupon_at         BIGINT,
    point_state       VARCHAR(16),
    point_reason      VARCHAR(64),
    point_at          BIGINT,
    receiver          MEDIUMTEXT,            -- JSON
    warehouse_storage BIGINT      NOT NULL CHECK (warehouse_storage IN (0, 1)),
    is_processing     BIGINT      NOT NULL CHECK (is_processing IN (0, 1)),  -- being paid and sent in one step
    version           BIGINT      NOT NULL,  -- the order's own events so far
    created_at        BIGINT      NOT NULL,
    updated_at        BIGINT      NOT NULL,
    previous_order_id BIGINT,
    CHECK (total = discount + points + amount_due),
    CHECK ((campaign_id IS NULL) = (coupon_state IS NULL)),
    CHECK ((points = 0) = (point_state IS NULL))
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
