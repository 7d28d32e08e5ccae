-- A person known to the shop, and the newest of everything that is his.
CREATE TABLE customer (
    user_id        BIGINT PRIMARY KEY,
    last_order_id  BIGINT,
    last_coupon_id BIGINT,
    last_entry_id  BIGINT,
    last_notice_id BIGINT,
    notices        BIGINT NOT NULL,  -- how many notices he was ever sent
    created_at     BIGINT NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
