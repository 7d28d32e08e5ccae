-- Deliveries (positive) and write-offs (negative).
CREATE TABLE stock_receipt (
    receipt_id BIGINT PRIMARY KEY,
    product_id BIGINT NOT NULL,
    delta      BIGINT NOT NULL,
    reason     TEXT   NOT NULL,
    created_at BIGINT NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
