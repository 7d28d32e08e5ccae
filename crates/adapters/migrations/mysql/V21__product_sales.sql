-- Units sold by completed orders. `day` counts from 1970-01-01:  date_add('1970-01-01', INTERVAL day DAY).
CREATE TABLE product_sales (
    day        BIGINT NOT NULL,
    product_id BIGINT NOT NULL,
    sold       BIGINT NOT NULL,
    PRIMARY KEY (day, product_id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
