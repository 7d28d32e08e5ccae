CREATE TABLE order_line (
    order_id     BIGINT       NOT NULL,
    line_no      BIGINT       NOT NULL,  -- from 1
    product_id   BIGINT       NOT NULL,
    name         VARCHAR(255) NOT NULL,  -- as it was when the order was placed
    quantity     BIGINT       NOT NULL CHECK (quantity > 0),
    unit_price   BIGINT       NOT NULL,
    stock_state  VARCHAR(16)  NOT NULL,  -- REQUESTED, COMPLETED, FAILED, RESTORED
    stock_reason VARCHAR(64),
    stock_at     BIGINT       NOT NULL,
    returned     BIGINT       NOT NULL,  -- units that came back
    PRIMARY KEY (order_id, line_no),
    CHECK (returned BETWEEN 0 AND quantity)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
