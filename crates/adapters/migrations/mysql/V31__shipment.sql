-- The goods of an order on their way to its receiver.
CREATE TABLE shipment (
    order_id        BIGINT      PRIMARY KEY,
    state           VARCHAR(32) NOT NULL,  -- PENDING, SHIPPED, IN_TRANSIT, OUT_FOR_DELIVERY, DELIVERED, RETURNED, CANCELED, …
    receiver        MEDIUMTEXT  NOT NULL,  -- JSON
    tracking_number TEXT,
    created_at      BIGINT      NOT NULL,
    updated_at      BIGINT      NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
