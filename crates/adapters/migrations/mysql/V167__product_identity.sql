-- Values that only one product may have.
CREATE TABLE product_identity (
    identity_key BINARY(32) PRIMARY KEY,  -- SHA-256 of the field's name and value
    product_id   BIGINT     NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
