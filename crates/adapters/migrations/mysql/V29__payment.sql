-- What an order's customer pays: one payment for each order that waits for money, attempted again after a refusal.
CREATE TABLE payment (
    order_id   BIGINT       PRIMARY KEY,
    attempt    BIGINT       NOT NULL,  -- from 1
    method     VARCHAR(16)  NOT NULL,  -- CARD, ACCOUNT, GENERAL
    amount     BIGINT       NOT NULL CHECK (amount > 0),
    state      VARCHAR(16)  NOT NULL,  -- AUTHORIZING, CAPTURING, CAPTURED, DECLINED, VOIDING, VOIDED, REFUNDING, REFUNDED
    is_wanted  BIGINT       NOT NULL CHECK (is_wanted IN (0, 1)),  -- 0: its order was taken back, so the money goes back
    authorized BIGINT       NOT NULL,
    captured   BIGINT       NOT NULL,
    refunded   BIGINT       NOT NULL,
    refunding  BIGINT       NOT NULL,  -- what the refund under way gives back
    refunds    BIGINT       NOT NULL,  -- of this attempt so far, counting the one under way
    reference  TEXT,                   -- the provider's own name of the payment
    refusal    TEXT,                   -- why the last attempt was refused
    ask        VARCHAR(16),            -- DO, LOOK_UP: how the provider is asked next, if there is anything to ask
    due_at     BIGINT,                 -- when
    tries      BIGINT,                 -- answers to that so far which settled nothing
    created_at BIGINT       NOT NULL,
    updated_at BIGINT       NOT NULL,
    KEY payment_due (due_at),
    CHECK (authorized >= captured AND captured >= refunded + refunding AND refunded >= 0 AND refunding >= 0),
    CHECK ((ask IS NULL) = (due_at IS NULL)),
    CHECK ((ask IS NULL) = (state IN ('CAPTURED', 'DECLINED', 'VOIDED', 'REFUNDED')))
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
