-- What a product is called elsewhere, and how it is shown. A product without any of it has no row.
CREATE TABLE product_details (
    product_id  INTEGER PRIMARY KEY,
    sku         TEXT,
    external_id TEXT,
    description TEXT,
    image_url   TEXT,
    attributes  TEXT                     -- a JSON object
) STRICT;

CREATE INDEX product_details_sku ON product_details (sku) WHERE sku IS NOT NULL;
CREATE INDEX product_details_external_id ON product_details (external_id) WHERE external_id IS NOT NULL;

-- Values that only one product may have.
CREATE TABLE product_identity (
    identity_key BLOB    PRIMARY KEY,    -- SHA-256 of the field's name and value
    product_id   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
