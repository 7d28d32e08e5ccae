-- What a product is called elsewhere, and how it is shown. A product without any of it has no row.
CREATE TABLE product_details (
    product_id  BIGINT       PRIMARY KEY,
    sku         VARCHAR(100),
    external_id VARCHAR(100),
    description TEXT,
    image_url   TEXT,
    attributes  TEXT,                     -- a JSON object
    KEY product_details_sku (sku),
    KEY product_details_external_id (external_id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
