-- What the payment provider inside the binary did: one book for all processes that share the database.
CREATE TABLE scripted_deed (
    deed_key   VARCHAR(128) PRIMARY KEY,
    deed       VARCHAR(16)  NOT NULL,  -- authorize, capture, void, refund
    reference  VARCHAR(64)  NOT NULL,
    amount     BIGINT       NOT NULL,
    declined   VARCHAR(64),            -- why, if it was
    looks_left BIGINT       NOT NULL,  -- it is only told after it was looked up so often
    KEY scripted_deed_reference (reference)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
