-- Double entry: `amount` goes from one account to another. 0: points that were bought; -1: points that orders spent.
CREATE TABLE points_entry (
    entry_id          BIGINT      PRIMARY KEY,
    user_id           BIGINT      NOT NULL,
    from_account      BIGINT      NOT NULL,
    to_account        BIGINT      NOT NULL,
    amount            BIGINT      NOT NULL CHECK (amount >= 0),
    kind              VARCHAR(16) NOT NULL,  -- CHARGED, DEDUCTED, RESTORED
    order_id          BIGINT,
    balance           BIGINT      NOT NULL,  -- the user's balance afterwards
    previous_entry_id BIGINT,
    created_at        BIGINT      NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
