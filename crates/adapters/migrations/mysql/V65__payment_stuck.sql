-- Money that goes back is tried again under new keys, waits for an operator when that does not help, and is settled by one.
CREATE TABLE payment_v65 (
    order_id             BIGINT       PRIMARY KEY,
    attempt              BIGINT       NOT NULL,  -- from 1
    method               VARCHAR(16)  NOT NULL,  -- CARD, ACCOUNT, GENERAL
    amount               BIGINT       NOT NULL CHECK (amount > 0),
    state                VARCHAR(16)  NOT NULL,  -- AUTHORIZING, CAPTURING, CAPTURED, DECLINED, VOIDING, VOIDED, REFUNDING, REFUNDED, STUCK
    is_wanted            BIGINT       NOT NULL CHECK (is_wanted IN (0, 1)),  -- 0: its order was taken back, so the money goes back
    authorized           BIGINT       NOT NULL,
    captured             BIGINT       NOT NULL,
    refunded             BIGINT       NOT NULL,
    refunding            BIGINT       NOT NULL,  -- what the refund under way gives back
    owed                 BIGINT       NOT NULL,  -- what is given back after that
    resolved             BIGINT       NOT NULL,  -- what operators gave back without the provider
    refunds              BIGINT       NOT NULL,  -- of this attempt so far, counting the one under way
    given_back           TEXT,                   -- JSON: the refunds that were made
    declines             BIGINT       NOT NULL,  -- of the refund or the void under way
    owed_since           BIGINT,                 -- since when the customer waits for money
    reference            TEXT,                   -- the provider's own name of the payment
    refusal              TEXT,                   -- why the last attempt was refused
    last_error           TEXT,                   -- why the provider declined to give back
    resolved_by          BIGINT,                 -- how an operator settled what was stuck, the last time
    resolved_at          BIGINT,
    resolution_reason    TEXT,
    resolution_reference TEXT,
    ask                  VARCHAR(16),            -- DO, LOOK_UP: how the provider is asked next, if there is anything to ask
    due_at               BIGINT,                 -- when; not before the request has reached its consumer group
    tries                BIGINT,                 -- answers to that so far which settled nothing
    created_at           BIGINT       NOT NULL,
    updated_at           BIGINT       NOT NULL,
    KEY payment_due (due_at),
    KEY payment_state (state, order_id),
    CHECK (authorized >= captured AND captured >= refunded + refunding + owed + resolved),
    CHECK (refunded >= 0 AND refunding >= 0 AND owed >= 0 AND resolved >= 0),
    CHECK (due_at IS NULL OR ask IS NOT NULL),
    CHECK ((ask IS NULL) = (state IN ('CAPTURED', 'DECLINED', 'VOIDED', 'REFUNDED', 'STUCK')))
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
