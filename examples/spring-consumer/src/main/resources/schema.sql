-- An event is handled once: its id is written in the transaction of its effect.
CREATE TABLE IF NOT EXISTS inbox (
    source VARCHAR(200) NOT NULL,
    id     VARCHAR(64)  NOT NULL,
    PRIMARY KEY (source, id)
);
CREATE TABLE IF NOT EXISTS sale (
    order_number VARCHAR(40) NOT NULL,
    product_id   BIGINT      NOT NULL,
    quantity     INT         NOT NULL,
    PRIMARY KEY (order_number, product_id)
);
