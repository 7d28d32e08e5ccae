-- What a participant did for an order that is not settled. `product_id` is 0 where the step is not about a product.
CREATE TABLE claim (
    order_id   BIGINT      NOT NULL,
    step       VARCHAR(16) NOT NULL,  -- STOCK, COUPON, POINT
    product_id BIGINT      NOT NULL,
    state      VARCHAR(16) NOT NULL,  -- HELD, REFUSED, RELEASED
    reason     VARCHAR(64),
    PRIMARY KEY (order_id, step, product_id),
    CHECK ((state = 'REFUSED') = (reason IS NOT NULL))
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
