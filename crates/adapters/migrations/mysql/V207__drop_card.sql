-- A card or account of a drop with a limit for each: the units that it pays or has paid for.
CREATE TABLE drop_card (
    drop_id   BIGINT     NOT NULL,
    card_hash BINARY(16) NOT NULL,  -- of the provider's fingerprint, under the shop's key
    units     BIGINT     NOT NULL,
    PRIMARY KEY (drop_id, card_hash)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
