-- The goods of an order that are kept for its customer.
CREATE TABLE warehouse_storage (
    order_id   BIGINT      PRIMARY KEY,
    state      VARCHAR(32) NOT NULL,  -- IN_STORAGE, ASSOCIATED_WITH_ORDER, REMOVED_FROM_STORAGE, ON_AUCTION, SOLD
    created_at BIGINT      NOT NULL,
    updated_at BIGINT      NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
